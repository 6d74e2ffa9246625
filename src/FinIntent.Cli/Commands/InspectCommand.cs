using Spectre.Console;

namespace FinIntent.Cli.Commands;

static class InspectCommand
{
    /// <param name="console">Null: the terminal.</param>
    public static Command Build(IAnsiConsole? console = null) => new("inspect", "Look at what a model is given and what it answers.")
    {
        InspectTokens.Build(console),
        InspectLogits.Build(),
    };
}
