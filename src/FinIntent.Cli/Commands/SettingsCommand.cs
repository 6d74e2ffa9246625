using FinIntent.Jobs;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

/// <summary>The form of the commands that use a trained model: they read a settings file and find the model that it names.</summary>
static class SettingsCommand
{
    // The commands that can ask a model behind an API.
    static readonly string[] WithApi = ["eval"];

    /// <summary>What is said of a run that was stopped and keeps what it has.</summary>
    public const string GoesOn = "the same command goes on from there";

    public static Command Build(string name, string description, Func<SettingsFile, Surroundings, int> run)
    {
        var command = new Command(name, description);
        var given = new SettingsArguments(command, $"A settings file with LLaMA-Factory's keys (docs/{name}.md).");
        command.SetAction(arguments =>
        {
            var (settings, here) = (given.Load(arguments), Host.Of(arguments));
            if (settings.Api.Api is not null && !WithApi.Contains(name))
                throw new UserErrorException($"{settings.Given["api"]}: api: `finintent {name}` needs a local model; " +
                    $"only {string.Join(", ", WithApi)} asks one behind an API");
            foreach (var note in settings.Notes) here.Tell(note);
            return run(settings, here);
        });
        return command;
    }
}
