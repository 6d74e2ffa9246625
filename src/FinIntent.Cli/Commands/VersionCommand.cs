using System.CommandLine;
using System.Reflection;

namespace FinIntent.Cli.Commands;

static class VersionCommand
{
    public static Command Build()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ => Console.WriteLine($"finintent {Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)}"));
        return command;
    }
}
