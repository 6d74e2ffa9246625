using System.CommandLine;
using System.Globalization;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Cli.Commands;

static class TrainCommand
{
    public static Command Build()
    {
        var command = new Command("train", "Train an adapter or a model.");
        var given = new SettingsArguments(command, "A settings file with LLaMA-Factory's keys (docs/train.md).");
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments.InvocationConfiguration);
            var (settings, problems) = SettingsFile.Inspect(given.File(arguments), given.Overrides(arguments));
            using var job = TrainJob.Check(settings, problems, here);
            var isRefused = job.Report.Errors > 0;
            (isRefused ? here.Error : here.Output).Write(job.Report.ToText(isBrief: true));
            if (isRefused) return 1;
            using var stop = new StopRequest("stopping after this step; once more to stop at once", here.Error);
            here.Output.WriteLine(Summary(job.Run(stop.Token), settings.Output));
            return 0;
        });
        return command;
    }

    static string Summary(TrainingResult result, OutputSettings output)
    {
        if (!result.IsFinished)
        {
            var how = output.OverwriteOutputDir ? " with overwrite_output_dir=false" : "";
            return $"stopped after step {result.Steps} of {result.TotalSteps}; saved {result.Checkpoint}; the same command{how} goes on from there";
        }
        var evaluation = result.Evaluation is { } e ? string.Create(CultureInfo.InvariantCulture, $", validation loss {e.Loss:f4}") : "";
        var training = result.Steps == 0 ? "not trained" : string.Create(CultureInfo.InvariantCulture,
            $"{result.Steps} steps, mean loss {result.TrainLoss:f4}, {result.Tokens:n0} tokens in {TrainerLog.Clock(result.Duration)}");
        return $"{training}{evaluation} -> {output.OutputDir}";
    }
}
