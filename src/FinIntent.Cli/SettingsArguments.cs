using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>The arguments that verbs with a settings file share: VERB FILE.yaml [key=value …].</summary>
sealed class SettingsArguments
{
    readonly Argument<string> _file;
    readonly Argument<string[]> _overrides = new("key=value")
    {
        Description = "Settings that replace the file's, such as learning_rate=1e-4.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <param name="description">What file the command expects.</param>
    public SettingsArguments(Command command, string description)
    {
        _file = new("file") { Description = description };
        command.Add(_file);
        command.Add(_overrides);
    }

    public string File(ParseResult arguments) => arguments.GetRequiredValue(_file);

    public string[] Overrides(ParseResult arguments) => arguments.GetValue(_overrides) ?? [];

    /// <exception cref="UserErrorException">The file or a key of it is wrong.</exception>
    public SettingsFile Load(ParseResult arguments) => SettingsFile.Load(File(arguments), Overrides(arguments));
}
