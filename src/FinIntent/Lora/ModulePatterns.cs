namespace FinIntent.Lora;

/// <summary>Gives modules values of their own by patterns of their names (PEFT's rank_pattern and alpha_pattern).</summary>
sealed class ModulePatterns<T>
{
    readonly List<(PythonPattern Pattern, T Value)> _patterns;

    /// <param name="place">The file and the key, with which messages begin.</param>
    /// <exception cref="UserErrorException">A name is no regular expression.</exception>
    public ModulePatterns(IReadOnlyDictionary<string, T> values, string place)
    {
        Values = values;
        // As in PEFT, a pattern matches a module's whole name, or its end after a dot.
        _patterns = [.. values.Select(pair => (new PythonPattern($@"^(.*\.)?({pair.Key})$", place), pair.Value))];
    }

    public static ModulePatterns<T> None { get; } = new(new Dictionary<string, T>(), "");

    /// <summary>The values as they were written, by pattern.</summary>
    public IReadOnlyDictionary<string, T> Values { get; }

    /// <summary>Returns the value of the first pattern that a module matches, else <paramref name="otherwise"/>.</summary>
    public T Of(string module, T otherwise)
    {
        foreach (var (pattern, value) in _patterns)
            if (pattern.IsMatch(module)) return value;
        return otherwise;
    }
}
