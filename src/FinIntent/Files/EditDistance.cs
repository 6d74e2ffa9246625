namespace FinIntent.Files;

/// <summary>Says which word was probably meant by one that nobody knows.</summary>
static class EditDistance
{
    /// <summary>A word is near when at most one letter in so many differs.</summary>
    const int LettersPerMistake = 4;

    /// <summary>A word from this length on is near what it is the beginning of.</summary>
    const int ShortestBeginning = 4;

    /// <summary>Words that are longer than this are near nothing but what they begin: the comparison takes their product in time.</summary>
    const int LongestCompared = 100;

    const int MostListed = 8;

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one text into the other.</summary>
    public static int Between(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }

    /// <summary>Returns the word that was probably meant, whatever its capitals; null when none is near.</summary>
    /// <remarks>Near are words that differ in one letter of four, or one at all, and those that begin with the given one.</remarks>
    public static string? Nearest(string word, IEnumerable<string> words) => words
        .Select(other => (Word: other, Mistakes: Mistakes(word.ToLowerInvariant(), other.ToLowerInvariant())))
        .Where(other => other.Mistakes is not null)
        .OrderBy(other => other.Mistakes).ThenBy(other => other.Word, StringComparer.Ordinal).FirstOrDefault().Word;

    /// <summary>Returns the end of a message about an unknown word: the one that was probably meant, else all where they are few.</summary>
    public static string Hint(string word, IReadOnlyCollection<string> words) => Nearest(word, words) is { } nearest
        ? $"; did you mean \"{nearest}\"?"
        : words.Count is > 0 and <= MostListed ? $"; known are {string.Join(", ", words)}" : "";

    /// <summary>Returns how far two words are from each other; null when that is too far for one to be meant by the other.</summary>
    static int? Mistakes(string word, string other)
    {
        if (word.Length >= ShortestBeginning && other.StartsWith(word, StringComparison.Ordinal)) return other.Length - word.Length;
        var (shorter, longer) = (Math.Min(word.Length, other.Length), Math.Max(word.Length, other.Length));
        var most = Math.Min(Math.Max(1, longer / LettersPerMistake), shorter - 1);
        if (longer > LongestCompared || longer - shorter > most) return null;
        return Between(word, other) is var mistakes && mistakes <= most ? mistakes : null;
    }
}
