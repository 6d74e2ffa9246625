namespace FinIntent.Jobs.Classify;

/// <summary>Remembers texts that were met, within a bound of memory, so that equal ones are scored once.</summary>
/// <remarks>It has two halves: when the young one is full, the old one is forgotten. What it does depends on the texts and their order
/// alone, so a run that begins again meets the same ones.</remarks>
/// <param name="bytes">The bound.</param>
/// <param name="options">The options of an answer, which make it large.</param>
sealed class AnswerCache(long bytes, int options)
{
    // An entry of the dictionary with its key, the answer, its array of probabilities and its prediction set.
    readonly long _most = Math.Max(1, bytes / 2 / (240 + 12L * options));

    Dictionary<UInt128, TextAnswer> _young = [], _old = [];

    /// <summary>Returns the answer of a text that was met; null where it is new, or long forgotten.</summary>
    public TextAnswer? Find(UInt128 key)
    {
        if (_young.TryGetValue(key, out var answer)) return answer;
        if (!_old.TryGetValue(key, out answer)) return null;
        Add(key, answer);
        return answer;
    }

    public void Add(UInt128 key, TextAnswer answer)
    {
        if (_young.Count >= _most) (_old, _young) = (_young, []);
        _young[key] = answer;
    }
}
