using FinIntent.Files;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class VersionCommand
{
    public static Command Build()
    {
        var json = Options.Of<bool>("--json", "Everything about this installation, for a report of a fault or a script.");
        var command = new Command("version", "Print the version.") { json };
        command.SetAction(arguments => arguments.InvocationConfiguration.Output.WriteLine(arguments.GetValue(json)
            ? Installation.Describe(Host.Of(arguments)).ToJsonString(JsonFile.Indented) : $"finintent {ProgramVersion.Number}"));
        return command;
    }
}
