using FinIntent.Files;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class VersionCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Everything about this installation, for a report of a fault or a script." };
        var command = new Command("version", "Print the version.") { json };
        command.SetAction(arguments => arguments.InvocationConfiguration.Output.WriteLine(arguments.GetValue(json)
            ? Installation.Describe().ToJsonString(JsonFile.Indented) : $"finintent {ProgramVersion.Number}"));
        return command;
    }
}
