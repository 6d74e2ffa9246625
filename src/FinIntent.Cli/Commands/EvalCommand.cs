using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class EvalCommand
{
    public static Command Build() => SettingsCommand.Build(
        "eval", "Measure how well a model tells intents, on a file of questions with known answers.", (settings, here) =>
            StopRequest.Watch(here.Error, SettingsCommand.GoesOn, stop =>
            {
                var summary = ScoreJob.Run(settings, here, stop);
                here.Output.Write(summary.Text);
                here.Output.WriteLine($"\n-> {summary.Folder}");
            }));
}
