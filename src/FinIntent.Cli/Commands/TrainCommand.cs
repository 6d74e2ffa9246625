using System.CommandLine;
using System.Globalization;
using FinIntent.Data.Tokens;
using FinIntent.Preflight;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Cli.Commands;

static class TrainCommand
{
    public static Command Build()
    {
        var file = new Argument<string>("file") { Description = "A settings file with LLaMA-Factory's keys (docs/train.md)." };
        var overrides = new Argument<string[]>("key=value")
        {
            Description = "Settings that replace the file's, such as learning_rate=1e-4.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("train", "Train an adapter or a model.") { file, overrides };
        command.SetAction(arguments =>
        {
            var report = new CheckReport();
            var (settings, problems) = SettingsFile.Inspect(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
            SettingsCheck.Report(settings, problems, report);
            report.Try("settings", () => CrossChecks.CheckTraining(settings));
            if (report.Errors == 0) settings = SettingsToFolders.Checked(settings, report, Console.Error);
            using var check = TrainingCheck.Run(settings, report, CheckSurroundings.Here(), isAlone: false);
            if (settings.Harmless.Count > 0) TrainProgress.Tell($"without effect here: {string.Join(", ", settings.Harmless)}");
            var console = arguments.InvocationConfiguration;
            CheckText.Write(report.Errors > 0 ? console.Error : console.Output, report, isBrief: true);
            // Gigabytes, so not for a run that cannot begin.
            return report.Errors > 0 || Fetch(settings, console) is not { } here ? 1 : Run(here, check.Rows!, check.Input!);
        });
        return command;
    }

    /// <summary>The settings with the model's weights here; null: they came and are wrong, which was told.</summary>
    static SettingsFile? Fetch(SettingsFile settings, InvocationConfiguration console)
    {
        if (settings.Model.Folder == settings.Model.ModelNameOrPath) return settings;
        settings = SettingsToFolders.Models(settings, Console.Error);
        var report = new CheckReport();
        new ModelCheck(settings, report, CheckSurroundings.Here()).Run(isTraining: true);
        if (report.Errors == 0) return settings;
        CheckText.Write(console.Error, report, isBrief: true);
        return null;
    }

    static int Run(SettingsFile settings, TrainingRows rows, TrainingInput input)
    {
        using var stop = new StopRequest("stopping after this step; once more to stop at once");
        var result = TrainProgress.Show(progress => TrainingJob.Run(settings, rows, input, TrainProgress.Tell, progress, stop.Token));
        Console.WriteLine(Summary(result, settings.Output));
        return 0;
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
