using System.Text;
using FinIntent.EmbeddedModel.Tokenizing;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.EmbeddedModel;

public sealed class BpeTrainerTests
{
    const string Text = "大盘今天为什么跌，大盘明天会涨吗？ A股大盘 ETF怎么买, the index fell. 基金净值 基金怎么买\n\n大盘。\n";

    [Fact]
    public void Merges_of_a_tiny_corpus_are_the_ones_counted_by_hand()
    {
        // aaab three times and ab twice: aa 6, ab 5 → aa; then (aa, a) 3, ab 5 → ab; then (aa, ab) 3.
        var vocabulary = BpeTrainer.Train(new Dictionary<string, long> { ["aaab"] = 3, ["ab"] = 2 }, [], 300, 12);

        Assert.Equal([('a', 'a'), ('a', 'b'), (256, 257)], vocabulary.Merges);
        Assert.Equal("aaab", Encoding.UTF8.GetString(vocabulary.Tokens[258]));
    }

    [Fact]
    public void The_order_of_the_words_does_not_matter()
    {
        var counts = Counts(Text).Counts;

        var forward = BpeTrainer.Train(counts, ["大", "盘"], 320, 12);
        var backward = BpeTrainer.Train(counts.Reverse().ToDictionary(), ["大", "盘"], 320, 12);

        Assert.Equal(forward.Merges, backward.Merges);
    }

    [Fact]
    public void Characters_asked_for_are_tokens_even_when_the_text_lacks_them()
    {
        var vocabulary = BpeTrainer.Train(Counts(Text).Counts, ["龘", "é", "😀"], 300, 12);

        foreach (var character in new[] { "龘", "é", "😀" }) Assert.Single(vocabulary.Encode(character));
    }

    [Fact]
    public void No_token_is_longer_than_allowed_or_joins_signs_to_letters()
    {
        var vocabulary = BpeTrainer.Train(Counts(string.Concat(Enumerable.Repeat(Text, 50))).Counts, [], 2000, 9);

        Assert.True(vocabulary.Merges.Count > 50);
        Assert.All(vocabulary.Tokens, token => Assert.True(token.Length <= 9));
        var texts = vocabulary.Tokens.Skip(256).Select(token => Encoding.UTF8.GetString(token)).ToList();
        Assert.Contains("大盘", texts);
        Assert.DoesNotContain(texts, text => text.Any(char.IsLetter) && text.Any(c => !char.IsLetter(c) && c is not (' ' or '\ufffd')));
        Assert.DoesNotContain(texts, text => text.Any(char.IsNumber) && text.Length > 1);
    }

    [Fact]
    public void The_written_tokenizer_encodes_as_trained_and_decodes_to_the_same_text()
    {
        using var folder = new TemporaryFolder();
        var vocabulary = BpeTrainer.Train(Counts(Text).Counts, ["大", "盘"], 400, 12);
        TokenizerFolder.Write(folder.Path, vocabulary);

        var tokenizer = Tokenizer.Load(folder.Path);

        string[] texts = [Text, "没见过的字：鑫🚀 1234", " 大盘", "it's A股\r\n\r\n x"];
        foreach (var text in texts)
        {
            var ids = tokenizer.Encode(text);
            Assert.Equal(text, tokenizer.Decode(ids));
            Assert.Equal(WordCounts.Splitter().Matches(text).SelectMany(m => vocabulary.Encode(m.Value)), ids);
        }
        Assert.Equal(vocabulary.Tokens.Count, tokenizer.EosTokenId);
    }

    static WordCounts Counts(string text)
    {
        WordCounts words = new();
        words.Add(text, 2);
        return words;
    }
}
