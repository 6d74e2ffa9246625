using FinIntent.Jobs.Studies;

namespace FinIntent.Cli.Commands;

static class ExperimentCommand
{
    public static Command Build()
    {
        var command = new Command("experiment",
            "Score, train, export and score again, for a list of models; then the table and the report.");
        var given = new SettingsArguments(command, "A study: models, and the settings they share (docs/experiment.md).");
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            var study = StudyFile.Read(given.File(arguments), given.Overrides(arguments));
            using var stop = new StopRequest(
                "stopping at the next good place; the same command goes on from there; once more to stop at once", here.Error);
            try
            {
                return new StudyJob(study, here, stop.Token).Run() > 0 ? 1 : 0;
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                here.Output.WriteLine("stopped; the same command goes on from there");
                return 1;
            }
        });
        return command;
    }
}
