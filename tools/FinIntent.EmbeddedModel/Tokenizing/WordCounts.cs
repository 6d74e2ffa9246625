using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>How often each pre-token occurs, weighted by what its source counts. No merge crosses a pre-token's border.</summary>
sealed partial class WordCounts
{
    /// <summary>Qwen's split: letters with one sign before them, single digits, signs, line ends, blanks.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    readonly Dictionary<string, long> _counts = [];

    public IReadOnlyDictionary<string, long> Counts => _counts;

    public void Add(string text, int weight)
    {
        var lookup = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var match in Splitter().EnumerateMatches(text))
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, text.AsSpan(match.Index, match.Length), out _) += weight;
    }

    [GeneratedRegex(Pattern)]
    public static partial Regex Splitter();
}
