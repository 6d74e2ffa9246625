using FinIntent.Jobs.Calibrations;

namespace FinIntent.Cli.Commands;

static class CalibrateCommand
{
    public static Command Build() => SettingsCommand.Build(
        "calibrate", "Make a model's probabilities true on validation rows, and let it say that none of its intents fits.", (settings, here) =>
        {
            var summary = CalibrateJob.Run(settings, here);
            here.Output.Write(summary.Text);
            here.Output.WriteLine($"\n-> {summary.Folder}");
        });
}
