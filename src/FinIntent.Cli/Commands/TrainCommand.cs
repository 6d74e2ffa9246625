using System.CommandLine;
using FinIntent.Evaluation.Reports;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Training;
using static System.FormattableString;

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
            using var stop = new StopRequest("stopping after this step; once more to stop at once", here.Error);
            here.Output.WriteLine(Summary(job.Run(stop.Token), settings.Output).In(here.Languages.Text));
            return 0;
        });
        return command;
    }

    static Bilingual Summary(TrainingResult result, OutputSettings output)
    {
        if (!result.IsFinished)
        {
            var how = output.OverwriteOutputDir ? new Bilingual("加上 overwrite_output_dir=false ", " with overwrite_output_dir=false") : "";
            return (
                $"在第 {result.Steps} 步停止，共 {result.TotalSteps} 步；已保存 {result.Checkpoint}；" +
                $"同一命令{how.Chinese}从那里继续",
                $"stopped after step {result.Steps} of {result.TotalSteps}; saved {result.Checkpoint}; " +
                $"the same command{how.English} goes on from there");
        }
        var (loss, tokens) = (Invariant($"{result.TrainLoss:f4}"), Invariant($"{result.Tokens:n0}"));
        var clock = TrainerLog.Clock(result.Duration);
        Bilingual training = result.Steps == 0 ? ("未训练", "not trained")
            : ($"{result.Steps} 步，平均损失 {loss}，{tokens} 词元，用时 {clock}",
                $"{result.Steps} steps, mean loss {loss}, {tokens} tokens in {clock}");
        var validation = result.Evaluation is { } evaluation ? Invariant($"{evaluation.Loss:f4}") : null;
        return (
            $"{training.Chinese}{(validation is null ? "" : $"，验证损失 {validation}")} -> {output.OutputDir}",
            $"{training.English}{(validation is null ? "" : $", validation loss {validation}")} -> {output.OutputDir}");
    }
}
