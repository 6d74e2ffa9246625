using FinIntent.Files;

namespace FinIntent.Settings;

/// <summary>Holds the keys that were given, under the names they have today, and what is to be said about them.</summary>
sealed class GivenKeys
{
    readonly Dictionary<string, Entry> _entries = [];
    readonly List<string> _renamed = [];

    /// <param name="used">The keys that have an effect.</param>
    /// <param name="problems">Is told of what is unknown, not supported, or given under two names.</param>
    public GivenKeys(IReadOnlyDictionary<string, Entry> entries, IReadOnlySet<string> used, List<string> problems)
    {
        foreach (var entry in entries.Values) UserErrorException.Note(() => Add(entry, entries), problems);
        foreach (var entry in _entries.Values) UserErrorException.Note(() => Check(entry, used), problems);
        string[] harmless = [.. _entries.Values.Where(entry => !used.Contains(entry.Key) && IsHarmless(entry)).Select(entry => entry.Key)];
        Notes = harmless.Length > 0 ? [.. _renamed, $"without effect here: {string.Join(", ", harmless)}"] : _renamed;
    }

    public IReadOnlyDictionary<string, Entry> Entries => _entries;

    /// <summary>What a host tells once: keys that were read under another name, and those that change nothing here.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Takes a key in, an old name as the new one; the command line goes before the file whatever the names.</summary>
    void Add(Entry entry, IReadOnlyDictionary<string, Entry> entries)
    {
        if (LlamaFactoryKeys.Find(entry.Key) is not { Effect: KeyEffect.Renamed, Reason: var today })
        {
            _entries.TryAdd(entry.Key, entry);
            return;
        }
        if (entries.TryGetValue(today, out var other) && !Says(entry, other))
        {
            if (entry.IsOfCommandLine == other.IsOfCommandLine)
                throw entry.Error($"it is the old name of {today}, which has another value ({other.Place}); remove one of them");
            if (other.IsOfCommandLine) return;
        }
        _renamed.Add($"{entry.Key} is read as {today}, its name today");
        _entries[today] = entry with { Key = today };
    }

    static bool Says(Entry a, Entry b) => a.Text is { } text ? text == b.Text : a.Value.Equals(b.Value);

    void Check(Entry entry, IReadOnlySet<string> used)
    {
        if (used.Contains(entry.Key)) return;
        if (LlamaFactoryKeys.Find(entry.Key) is not { } key)
        {
            string[] known = [.. used, .. LlamaFactoryKeys.Names];
            var hint = EditDistance.Hint(entry.Key, known) is { Length: > 0 } near ? near : "; docs/keys.md lists the keys";
            throw new UserErrorException($"{entry.Place}: unknown key \"{TerminalText.Short(entry.Key)}\"{hint}");
        }
        if (key.Effect != KeyEffect.Refused || key.IsDefault(entry.Value)) return;
        string[] parts = [.. _entries.Keys.Where(name => LlamaFactoryKeys.Find(name) is { Effect: KeyEffect.Part } part
            && part.Reason == key.Name)];
        throw entry.Error((key.Feature.Length > 0 ? $"{key.Feature} is not supported: " : "not supported: ") + key.Reason
            + (parts.Length > 0 ? $"; remove it with {string.Join(", ", parts)}" : ""));
    }

    static bool IsHarmless(Entry entry) => LlamaFactoryKeys.Find(entry.Key) is { } key
        && (key.Effect == KeyEffect.Ignored || (key.Effect == KeyEffect.Part && !key.IsDefault(entry.Value)));
}
