using FinIntent.Evaluation.Reports;

namespace FinIntent.Cli;

/// <summary>The option --lang, which every command has and which wins over the environment. Errors and help stay English.</summary>
static class SpokenLanguage
{
    public static Option<string> Option { get; } = Create();

    /// <summary>Returns the languages of a command that was started with these arguments.</summary>
    public static Languages Of(ParseResult arguments) => Of(arguments.GetValue(Option), Environment.GetEnvironmentVariable);

    /// <param name="given">This is zh or en; null means that the first of LC_ALL, LC_MESSAGES and LANG that is set says it.</param>
    public static Languages Of(string? given, Func<string, string?> environment)
    {
        var locale = ((string[])["LC_ALL", "LC_MESSAGES", "LANG"]).Select(environment)
            .FirstOrDefault(value => !string.IsNullOrEmpty(value));
        var text = (given ?? locale)?.StartsWith("zh", StringComparison.OrdinalIgnoreCase) == true ? Language.Chinese : Language.English;
        return Languages.Default with { Text = text, Reports = given is null ? Languages.Default.Reports : text };
    }

    static Option<string> Create()
    {
        var option = Options.Among("--lang", "Language of summaries, tables and reports: zh or en. " +
            "Without it they follow LC_ALL or LANG, and reports are Chinese.", ["zh", "en"]);
        option.Recursive = true;
        return option;
    }
}
