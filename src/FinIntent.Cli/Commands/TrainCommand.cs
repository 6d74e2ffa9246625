using FinIntent.Jobs;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class TrainCommand
{
    public static Command Build()
    {
        var command = new Command("train", "Train an adapter or a model.");
        var given = new SettingsArguments(command, "A settings file with LLaMA-Factory's keys (docs/train.md).");
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            var (settings, problems) = SettingsFile.Inspect(given.File(arguments), given.Overrides(arguments));
            using var job = TrainJob.Check(settings, problems, here);
            var isRefused = job.Report.Errors > 0;
            (isRefused ? here.Error : here.Output).Write(job.Report.ToText(isBrief: true));
            if (isRefused) return 1;
            using var stop = new StopRequest(StopRequest.Notice, here.Error);
            here.Output.WriteLine(TrainJob.SummaryOf(job.Run(stop.Token), settings).In(here.Languages.Text));
            return 0;
        });
        return command;
    }
}
