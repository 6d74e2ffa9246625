using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Authoring;

/// <summary>Lengths from Least to Most, both included.</summary>
readonly record struct LengthRange(int Least, int Most)
{
    // These are rounded from people's questions to a broker's search box and help desk.
    static readonly (string, double)[] Chinese = [("4-8", 0.25), ("9-15", 0.45), ("16-24", 0.2), ("25-40", 0.1)];
    static readonly (string, double)[] English = [("3-6", 0.3), ("7-12", 0.45), ("13-25", 0.25)];

    public bool Contains(int length) => length >= Least && length <= Most;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Least}-{Most}");

    /// <exception cref="UserErrorException">A range is none, or two overlap.</exception>
    public static IReadOnlyList<(LengthRange Range, double Share)> SharesOf(GenerateSettings settings, SchemaLanguage language)
    {
        var usual = language == SchemaLanguage.Chinese ? Chinese : English;
        if (settings.LengthShares.Count == 0 && settings.LengthUnit is { } unit && unit != UnitOf(language))
            throw new UserErrorException($"length_unit: {unit.ToString().ToLowerInvariant()}: it has no usual lengths in {language}; " +
                "give length_shares, such as {20-40: 0.4, 41-80: 0.6}");
        var given = settings.LengthShares.Count > 0 ? settings.LengthShares.Select(pair => (pair.Key, pair.Value)) : usual;
        List<(LengthRange Range, double Share)> shares =
            [.. given.Select(pair => (Parse(pair.Item1), pair.Item2)).OrderBy(pair => pair.Item1.Least)];
        foreach (var ((a, _), (b, _)) in shares.Zip(shares.Skip(1)))
            if (b.Least <= a.Most)
                throw new UserErrorException($"length_shares: {a} and {b} overlap; a length must be in one of them only");
        if (shares.Any(s => s.Share < 0) || shares.Sum(s => s.Share) <= 0)
            throw new UserErrorException("length_shares: shares are numbers from 0, and one of them is above 0");
        return shares;
    }

    public static LengthUnit UnitOf(SchemaLanguage language) =>
        language == SchemaLanguage.Chinese ? LengthUnit.Characters : LengthUnit.Words;

    public static int Measure(string question, LengthUnit unit) => unit == LengthUnit.Words
        ? question.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length
        : question.EnumerateRunes().Count();

    static LengthRange Parse(string text)
    {
        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        const int longest = 10_000;
        if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var least)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var most)
            && least is > 0 and <= longest && most >= least && most <= longest) return new(least, most);
        throw new UserErrorException($"length_shares: \"{text}\" is not a range of lengths such as 4-8");
    }
}
