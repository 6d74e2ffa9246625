using System.Text;
using FinIntent.Generation;
using FinIntent.Tests.Classification;
using FinIntent.Text;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>The tokens that an answer's pieces tell, of the embedded model.</summary>
public sealed class AnswerRunTests : IDisposable
{
    static readonly Conversation Question = new(null, [new("user", "什么是基金定投？")]);

    readonly ChatModel _chat = ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = EmbeddedClassifier.Options.Template }, CPU);

    public void Dispose() => _chat.Dispose();

    /// <summary>Any token may be drawn, so many are parts of characters.</summary>
    static AnswerOptions Wild(params string[] stopWords) =>
        new(new(Temperature: 3, TopK: 0, TopP: 1), 60) { StopWords = stopWords, TopLogProbabilities = 2 };

    List<AnswerPiece> Pieces(AnswerOptions options, long seed = 7)
    {
        using var run = new AnswerRun(_chat, Question, seed, options);
        List<AnswerPiece> pieces = [];
        while (run.End is null) pieces.Add(run.Step());
        return pieces;
    }

    static string TextOf(IEnumerable<AnswerPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    byte[] BytesOf(IEnumerable<AnswerPiece> pieces) =>
        [.. pieces.SelectMany(piece => piece.Tokens).SelectMany(token => TokenText.Of(_chat.Tokenizer, token.Id).Bytes ?? [])];

    [Fact]
    public void The_bytes_of_the_tokens_are_the_text_and_come_with_it()
    {
        var pieces = Pieces(Wild());

        Assert.Equal(60, pieces.Sum(piece => piece.Tokens.Count));
        Assert.Equal(TextOf(pieces), Encoding.UTF8.GetString(BytesOf(pieces)).TrimStart());
        Assert.Contains(pieces, piece => piece.Tokens.Count > 1); // a character of several tokens
        Assert.All(pieces, piece => Assert.False(piece.Text.Length > 0 && piece.Tokens.Count == 0));
        Assert.All(pieces.SelectMany(piece => piece.Tokens), token => Assert.Equal(2, token.Best.Count));
    }

    [Fact]
    public void Tokens_of_a_stop_word_are_left_out()
    {
        var whole = TextOf(Pieces(Wild()));
        var word = whole.Substring(whole.Length / 2, 3);

        var pieces = Pieces(Wild(word));

        var text = TextOf(pieces);
        Assert.Equal(whole[..whole.IndexOf(word, StringComparison.Ordinal)], text);
        // The last token may reach into the stop word.
        var told = Encoding.UTF8.GetString(BytesOf(pieces)).TrimStart();
        Assert.StartsWith(text, told, StringComparison.Ordinal);
        var last = TokenText.Of(_chat.Tokenizer, pieces.SelectMany(piece => piece.Tokens).Last().Id);
        Assert.True(told.Length - text.Length < Math.Max(1, last.Text.Length), $"{told} is longer than {text} by more than a token");
    }

    [Fact]
    public void Nothing_is_told_unasked_and_the_answer_is_the_same()
    {
        var asked = Pieces(Wild());
        var unasked = Pieces(Wild() with { TopLogProbabilities = null });

        Assert.Equal(asked.Select(piece => piece.Text), unasked.Select(piece => piece.Text));
        Assert.All(unasked, piece => Assert.Empty(piece.Tokens));
    }

    [Fact]
    public void A_part_of_a_character_is_shown_by_its_bytes_and_a_special_token_has_none()
    {
        var ids = _chat.Tokenizer.Encode("\U0001F9FF");
        var part = TokenText.Of(_chat.Tokenizer, ids[0]);

        Assert.True(ids.Length > 1, "the character has a token of its own");
        Assert.StartsWith(@"bytes:\xf0", part.Text, StringComparison.Ordinal);
        Assert.Equal(0xf0, part.Bytes![0]);
        Assert.Equal(new("<|endoftext|>", null), TokenText.Of(_chat.Tokenizer, _chat.Template.EosTokenId!.Value));
    }

    [Fact]
    public void A_text_is_continued_without_a_chat_around_it()
    {
        using var run = AnswerRun.OfText(_chat, "基金", 1, Wild());

        Assert.Equal(_chat.Tokenizer.Encode("基金").Length, run.PromptTokens);
        Assert.NotEqual(AnswerPiece.Nothing, run.Step());
    }
}
