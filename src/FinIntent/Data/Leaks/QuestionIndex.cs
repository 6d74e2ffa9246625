namespace FinIntent.Data.Leaks;

/// <summary>Finds questions that a text repeats, or nearly: by their bigrams as written, or by letters and digits alone.</summary>
sealed partial class QuestionIndex(IReadOnlyList<string> questions)
{
    readonly BigramIndex _verbatim = new(questions);
    readonly BigramIndex _plain = new([.. questions.Select(Plain)]);

    /// <summary>Returns each alike question's number, in ascending order, and the higher of its two similarities.</summary>
    public IReadOnlyList<(int Question, double Similarity)> Find(string text)
    {
        var verbatim = _verbatim.Find(text);
        var plain = _plain.Find(Plain(text));
        if (verbatim.Count == 0) return plain;
        return [.. verbatim.Concat(plain).GroupBy(hit => hit.Text).Select(hits => (hits.Key, hits.Max(hit => hit.Similarity)))
            .OrderBy(hit => hit.Key)];
    }

    /// <summary>Returns the text in lower case, without signs and blanks.</summary>
    public static string Plain(string text) => Signs().Replace(text, "").ToLowerInvariant();

    [GeneratedRegex(@"[\W_]+")]
    private static partial Regex Signs();
}
