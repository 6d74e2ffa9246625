using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Jobs.Checks;

/// <summary>Checks how long a run is, what it writes, and whether there is room for that.</summary>
sealed class RunCheck(SettingsFile settings, CheckReport report, Surroundings here)
{
    const int NumberBytes = 4, MomentBytes = 8;

    readonly TrainingOptions _options = new() { Train = settings.Train, Evaluation = settings.Evaluation, Output = settings.Output };

    public void Run(TrainingRows rows, TrainingSet input, CheckedModel? model)
    {
        report.Try("output_dir", CheckFolder);
        if (settings.Train.DoTrain == false)
        {
            report.Ok("steps", "do_train: false, so the validation rows are looked at and nothing is trained");
            return;
        }
        if (report.Try("steps", () => new UpdatePlan(input.Count, settings.Train)) is not { } plan) return;
        ReportSteps(rows, input, plan);
        if (model is not null) report.Try("disk", () => ReportDisk(plan, model));
    }

    void CheckFolder()
    {
        OutputPlace.Filled(settings.Output.OutputDir, "output_dir").Check();
        var checkpoint = settings.Train.DoTrain == false ? null : RunFolder.CheckpointToResume(settings.Output);
        report.Ok("output_dir", checkpoint is null ? settings.Output.OutputDir : $"the run goes on from {checkpoint}");
    }

    void ReportSteps(TrainingRows rows, TrainingSet input, UpdatePlan plan)
    {
        var epochs = plan.EpochAfter(plan.TotalSteps);
        var (occasions, steps) = (new Cadence(_options, plan), Enumerable.Range(1, plan.TotalSteps));
        report.Facts["updates"] = plan.TotalSteps;
        report.Facts["epochs"] = epochs;
        report.Facts["tokens_per_epoch"] = (long)rows.TrainTokens;
        report.Ok("steps", string.Create(CultureInfo.InvariantCulture,
            $"{plan.TotalSteps:N0} updates of {plan.RowsPerUpdate} {(input.Packs is null ? "rows" : "packs")}: " +
            $"{epochs:0.##} epochs of {plan.UpdatesPerEpoch:N0} updates and {Amounts.Count(rows.TrainTokens)} tokens, " +
            $"{Amounts.Count(rows.TrainTokens * epochs)} in all"));
        if (plan.WarmupSteps >= plan.TotalSteps)
            report.Warn("warmup_steps",
                $"the learning rate rises for {plan.WarmupSteps:N0} updates, and the run has {plan.TotalSteps:N0}; " +
                "it would never reach learning_rate: make warmup_steps or warmup_ratio smaller");
        if (settings.Evaluation.EvalStrategy != EvaluationStrategy.No && !steps.Any(occasions.Evaluates))
            report.Warn("eval_steps", $"{settings.Evaluation.EvalSteps ?? settings.Output.LoggingSteps} is more than the run's " +
                $"{plan.TotalSteps:N0} updates, so validation rows are looked at only at the end; make it smaller");
        if (settings.Output.LoggingStrategy != LoggingStrategy.No && !steps.Any(occasions.Logs))
            report.Warn("logging_steps", $"{settings.Output.LoggingSteps} is more than the run's {plan.TotalSteps:N0} updates, " +
                "so no loss is logged; make it smaller");
    }

    void ReportDisk(UpdatePlan plan, CheckedModel model)
    {
        if (model.Trained is not { } trained) return;
        var isLora = settings.Method.FinetuningType == FinetuningType.Lora;
        var weights = model.CompanionBytes + (isLora ? trained * NumberBytes : model.WeightBytes);
        var state = settings.Output.SaveOnlyModel ? 0 : trained * ((settings.Method.PureBf16 ? 2 : NumberBytes) + MomentBytes);
        var occasions = new Cadence(_options, plan);
        var saved = Enumerable.Range(1, plan.TotalSteps).Count(occasions.Saves);
        // The newest is written before the oldest goes; the best one is kept besides.
        var kept = Math.Min(saved, (settings.Output.SaveTotalLimit ?? int.MaxValue - 2L) + 1
            + (settings.Evaluation.LoadBestModelAtEnd ? 1 : 0));
        // What checkpoints take already is theirs again: they are kept, replaced, or removed by a run that starts anew.
        var before = RunFolder.CheckpointBytes(settings.Output.OutputDir);
        var needed = Math.Max(weights, (kept * (weights + state)) + weights - before);
        var free = here.FreeBytes(settings.Output.OutputDir);
        var export = isLora ? model.WeightBytes + model.CompanionBytes : 0;
        report.Facts["disk_needed_bytes"] = needed;
        report.Facts["disk_free_bytes"] = free;
        report.Facts["export_bytes"] = export;
        var checkpoints = kept == 0 ? ""
            : $"{(kept == 1 ? "1 checkpoint" : $"{kept:N0} checkpoints")} of {Amounts.Bytes(weights + state)} and ";
        var words = $"{Amounts.Bytes(needed)} for {checkpoints}the " +
            $"result{(export > 0 ? $", {Amounts.Bytes(export)} more for an export" : "")}; {Amounts.Bytes(free)} are free";
        if (needed > free)
            report.Fail("disk", $"{words} at {settings.Output.OutputDir}: make room, name another output_dir, " +
                "set save_total_limit, save_only_model: true or a larger save_steps");
        else if (needed + export > free) report.Warn("disk",
            $"{words} at {settings.Output.OutputDir}: there is no room for the export there; make room before, or export to another disk");
        else report.Ok("disk", words);
    }
}
