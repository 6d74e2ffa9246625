using FinIntent.Generation;
using FinIntent.Text;

namespace FinIntent.Server.Serving;

/// <summary>Says which side of a text is cut where it is too long for the model.</summary>
enum TextCut
{
    /// <summary>The end.</summary>
    Right,

    /// <summary>The beginning.</summary>
    Left,
}

/// <summary>Cuts texts that are too long.</summary>
static class TextCuts
{
    /// <summary>Returns as much of a text as the model reads in its question.</summary>
    /// <param name="question">Encodes the question of a text.</param>
    public static string Cut(string text, TextCut cut, ChatModel chat, Func<string, OptionQuestion> question)
    {
        while (text.Length > 0)
        {
            var over = AnswerTree.LongestRow(question(text)) - (chat.Model.Shape.MaxPositions - 1);
            if (over <= 0) return text;
            // A half character at the cut is no text; what is left may have more tokens than before, so it is counted again.
            var ids = chat.Tokenizer.Encode(text);
            var kept = Math.Max(0, ids.Length - over);
            var rest = chat.Tokenizer.Decode(cut == TextCut.Right ? ids.AsSpan(0, kept) : ids.AsSpan(ids.Length - kept)).Trim('\uFFFD');
            text = rest.Length < text.Length ? rest : cut == TextCut.Right ? text[..^1] : text[1..];
        }
        return text;
    }
}
