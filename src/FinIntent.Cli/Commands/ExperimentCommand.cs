using System.CommandLine;
using FinIntent.Cli.Experiments;

namespace FinIntent.Cli.Commands;

static class ExperimentCommand
{
    public static Command Build()
    {
        var file = new Argument<string>("file") { Description = "A study: models, and the settings they share (docs/experiment.md)." };
        var overrides = new Argument<string[]>("key=value") { Description = "Settings that replace the file's.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("experiment", "Score, train, export and score again, for a list of models; then the table and the report.") { file, overrides };
        command.SetAction(arguments =>
        {
            var console = arguments.InvocationConfiguration.Output;
            var experiment = ExperimentFile.Read(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
            using var stop = new StopRequest("stopping at the next good place; the same command goes on from there; once more to stop at once");
            try
            {
                return new Experiment(experiment, console, stop.Token).Run() > 0 ? 1 : 0;
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                console.WriteLine("stopped; the same command goes on from there");
                return 1;
            }
        });
        return command;
    }
}
