namespace FinIntent.Evaluation.Reports;

enum Language { Chinese, English }

/// <summary>The same words in both languages of a report.</summary>
readonly record struct Bilingual(string Chinese, string English)
{
    public string In(Language language) => language == Language.Chinese ? Chinese : English;

    /// <summary>A name or number, which needs no translation.</summary>
    public static implicit operator Bilingual(string same) => new(same, same);

    public static implicit operator Bilingual((string Chinese, string English) words) => new(words.Chinese, words.English);
}

/// <summary>The languages of what a command tells.</summary>
/// <param name="Text">Summaries and tables are printed in it.</param>
/// <param name="Reports">report.md is written in it, and report.html shows it first.</param>
sealed record Languages(Language Text, Language Reports)
{
    public static Languages Default { get; } = new(Language.English, Language.Chinese);
}
