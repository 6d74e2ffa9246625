namespace FinIntent.Cli;

/// <summary>Makes the options and arguments of commands.</summary>
static class Options
{
    public static Option<T> Of<T>(string name, string description) => new(name) { Description = description };

    public static Option<T> Of<T>(string name, string description, T fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    public static Option<T> Required<T>(string name, string description) => new(name) { Description = description, Required = true };

    /// <summary>Makes an option whose values are words of a list; an option without <paramref name="fallback"/> may be left out.</summary>
    public static Option<string> Among(string name, string description, IEnumerable<string> known, string? fallback = null)
    {
        var option = new Option<string>(name) { Description = description };
        if (fallback is not null) option.DefaultValueFactory = _ => fallback;
        option.AcceptOnlyFromAmong([.. known]);
        return option;
    }

    /// <summary>Makes an option that takes several words behind its name.</summary>
    public static Option<string[]> Words(string name, string description, bool isRequired) =>
        new(name) { Description = description, Required = isRequired, AllowMultipleArgumentsPerToken = true };

    /// <summary>Makes an argument that takes one word or more.</summary>
    public static Argument<string[]> Several(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.OneOrMore };
}
