using System.CommandLine;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

/// <summary>The form that commands with a settings file share: VERB FILE.yaml [key=value …].</summary>
static class SettingsCommand
{
    // The commands that can ask a model behind an API.
    static readonly string[] WithApi = ["eval"];

    public static Command Build(string name, string description, Action<SettingsFile, InvocationConfiguration> run)
    {
        var file = new Argument<string>("file") { Description = $"A settings file with LLaMA-Factory's keys (docs/{name}.md)." };
        var overrides = new Argument<string[]>("key=value")
        {
            Description = "Settings that replace the file's.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command(name, description) { file, overrides };
        command.SetAction(arguments =>
        {
            var settings = SettingsFile.Load(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
            var console = arguments.InvocationConfiguration;
            if (settings.Api.Api is not null && !WithApi.Contains(name))
                throw new UserErrorException($"{settings.Given["api"]}: api: `finintent {name}` needs a local model; only {string.Join(", ", WithApi)} asks one behind an API");
            if (settings.Harmless.Count > 0) console.Error.WriteLine($"without effect here: {string.Join(", ", settings.Harmless)}");
            run(SettingsToFolders.Models(settings, console.Error), console);
        });
        return command;
    }
}
