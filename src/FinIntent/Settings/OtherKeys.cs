using FinIntent.Files;

namespace FinIntent.Settings;

/// <summary>The keys of LLaMA-Factory and of transformers' TrainingArguments that no settings record has.</summary>
/// <remarks>other-keys.tsv holds them, and tools/make_key_table.py keeps it up to date.</remarks>
static class OtherKeys
{
    static readonly string[][] Rows = [.. Resource.Rows("Settings.other-keys.tsv")];

    /// <summary>The keys that change nothing here.</summary>
    public static IReadOnlySet<string> Harmless { get; } = Rows.Where(row => row[1] == "ignored").Select(row => row[0]).ToHashSet();

    /// <summary>The keys whose effect is missing here; they are accepted at LLaMA-Factory's default and as null or false.</summary>
    public static IReadOnlyDictionary<string, Refusal> Refused { get; } =
        Rows.Where(row => row[1] == "refused").ToDictionary(row => row[0], row => new Refusal(row[3], row[2]));

    /// <summary>Values that LLaMA-Factory has and this program does not, each with what to do instead (other-values.tsv).</summary>
    public static IReadOnlyDictionary<(string Key, string Value), string> RefusedValues { get; } =
        Resource.Rows("Settings.other-values.tsv").ToDictionary(row => (row[0], row[1]), row => row[2]);
}

/// <param name="Reason">The reason, with what to do instead.</param>
/// <param name="Default">LLaMA-Factory's default, which changes nothing and so is accepted; empty for null and false.</param>
sealed record Refusal(string Reason, string Default);
