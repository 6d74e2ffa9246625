using FinIntent.Jobs.Calibrations;

namespace FinIntent.Cli.Commands;

static class CalibrateCommand
{
    const string About = "Make a model's probabilities true on validation rows, and let it say that none of its intents fits.";

    public static Command Build() => SettingsCommand.Build("calibrate", About, (settings, here) =>
        {
            var summary = CalibrateJob.Run(settings, here);
            here.Output.Write(summary.Text);
            here.Output.WriteLine($"\n-> {summary.Folder}");
        });
}
