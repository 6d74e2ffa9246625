namespace FinIntent.Intents;

/// <summary>Finds the options that an answer mentions in any of their forms: the letter, capital or small, full-width or not, and the
/// intent's name.</summary>
static class OptionMentions
{
    /// <summary>Returns the label of the only option that is mentioned, however often; null when none or several are.</summary>
    public static string? Only(string answer, IReadOnlyList<IntentOption> options)
    {
        var areLetters = IntentOptions.AreLetters(options);
        var text = HalfWidth(answer);
        var labels = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in options) labels.TryAdd(HalfWidth(option.Label), option.Label);
        foreach (var option in options) labels.TryAdd(HalfWidth(option.Name), option.Label);
        var pattern = string.Join('|', [Names(labels.Keys, areLetters), .. areLetters ? [Letters(options)] : (string[])[]]);
        var found = Regex.Matches(text, pattern.TrimStart('|'), RegexOptions.CultureInvariant)
            .Select(mention => labels.GetValueOrDefault(mention.Value)).OfType<string>().Distinct().Take(2).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>Returns the text with full-width letters, digits and signs (U+FF01 to U+FF5E) as ASCII has them.</summary>
    static string HalfWidth(string text) => string.Create(text.Length, text, static (half, whole) =>
    {
        for (var i = 0; i < whole.Length; i++) half[i] = whole[i] switch
        {
            >= '！' and <= '～' => (char)(whole[i] - '！' + '!'),
            '　' => ' ',
            var other => other,
        };
    });

    /// <summary>A name that another one begins with is looked for after it; letters are looked for by <see cref="Letters"/>.</summary>
    static string Names(IEnumerable<string> names, bool areLetters) => string.Join('|', names
        .Where(name => !areLetters || name.Length > 1).OrderByDescending(name => name.Length)
        .Select(name => $"(?i:{AnswerReading.WholeWord(name)})"));

    static string Letters(IReadOnlyList<IntentOption> options)
    {
        var capitals = string.Concat(options.Select(o => o.Label));
        var small = capitals.ToLowerInvariant();
        // "A股" and "C类" are kinds of shares, and English has the words "I" and "a". What stands before a letter is looked at behind it,
        // so that only letters cost that look.
        const string Named = @"选项?|选择|答案[是为]?|\b(?i:option|choice|answer|answer\s+is)";
        return $"""(?<![A-Za-z0-9_])[{capitals}](?![A-Za-z0-9_])(?!\s?[股类])(?<!I(?=['’]|\s+[a-z]))""" +
            $"""|[{small}](?=[^A-Za-z0-9\u4e00-\u9fff]*\z|\s*[.,、。:)])(?<=\A[^A-Za-z0-9\u4e00-\u9fff]*[{small}])""" +
            $"""|[{small}](?!\s*[A-Za-z0-9_股类])(?<=(?:{Named})\s*[:(]?\s*[{small}])""";
    }
}
