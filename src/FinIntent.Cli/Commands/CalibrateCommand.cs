using FinIntent.Jobs.Calibrations;

namespace FinIntent.Cli.Commands;

static class CalibrateCommand
{
    const string About = "Make a model's probabilities true on validation rows, and let it say that none of its intents fits.";

    public static Command Build() => SettingsCommand.Build("calibrate", About, (settings, here) =>
        StopRequest.Watch(here.Error, "nothing was written", stop =>
        {
            var summary = CalibrateJob.Run(settings, here, stop);
            here.Output.Write(summary.Text);
            here.Output.WriteLine($"\n-> {summary.Folder}");
        }));
}
