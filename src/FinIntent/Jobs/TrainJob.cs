using FinIntent.Data.Tokens;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Jobs.Checks;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;
using FinIntent.Training.Memory;
using static System.FormattableString;

namespace FinIntent.Jobs;

/// <summary>Checks a training as far as it can be known before weights are loaded, and then trains on the rows that were checked.</summary>
sealed class TrainJob : IDisposable
{
    readonly Surroundings _here;
    readonly TrainingCheck _check;
    readonly IReadOnlyList<LabelSet> _labels;
    Prepared _prepared;

    TrainJob(Prepared prepared, TrainingCheck check, CheckReport report, Surroundings here)
    {
        (_prepared, _check, Report, _here) = (prepared, check, report, here);
        // Found now, with the rows that are trained on: their files may change while the run lasts.
        _labels = check.Rows is null || report.Errors > 0 ? [] : TaughtLabels.Of(prepared);
    }

    /// <summary>The report of the check. A job whose report has errors cannot run.</summary>
    public CheckReport Report { get; }

    SettingsFile Settings => _prepared.Settings;

    /// <summary>Checks settings and all that they name; of a hub's model only its shape and tokenizer are fetched.</summary>
    /// <param name="problems">The faults of keys that were found before.</param>
    /// <param name="isAlone">True means that no run follows, so that nothing is written (tokenized_path).</param>
    public static TrainJob Check(SettingsFile settings, IReadOnlyList<string> problems, Surroundings here, bool isAlone = false)
    {
        var report = new CheckReport();
        CheckJob.ReportSettings(settings, problems, report);
        report.Try("settings", () => CrossChecks.CheckTraining(settings));
        var prepared = CheckJob.Prepare(settings, report, here);
        return new(prepared, TrainingCheck.Run(prepared, report, here, isAlone), report, here);
    }

    /// <summary>Checks and trains, for hosts that have no use for the report: its warnings are told.</summary>
    /// <exception cref="UserErrorException">The check found errors; the message holds them all.</exception>
    public static TrainingResult Run(SettingsFile settings, Surroundings here, CancellationToken stop = default)
    {
        using var job = Check(settings, [], here);
        job.Report.RefuseErrors();
        here.Error.Write(job.Report.WarningsText);
        return job.Run(stop);
    }

    /// <summary>Trains on the rows that were checked; the weights of a hub's model are fetched first.</summary>
    public TrainingResult Run(CancellationToken stop = default)
    {
        Report.RefuseErrors();
        using var held = OutputPlace.Filled(Settings.Output.OutputDir, "output_dir").Lock("train");
        if (_prepared.IsModelOfHub) FetchWeights(stop);
        return _here.Train(watch => Train(watch, stop));
    }

    /// <summary>Says in a line how a training ended.</summary>
    public static Bilingual SummaryOf(TrainingResult result, SettingsFile settings)
    {
        var output = settings.Output;
        if (!result.IsFinished)
        {
            var how = output.OverwriteOutputDir ? new Bilingual("加上 overwrite_output_dir=false ", " with overwrite_output_dir=false") : "";
            return (
                $"在第 {result.Steps} 步停止，共 {result.TotalSteps} 步；已保存 {result.Checkpoint}；同一命令{how.Chinese}从那里继续",
                $"stopped after step {result.Steps} of {result.TotalSteps}; saved {result.Checkpoint}; " +
                $"the same command{how.English} goes on from there");
        }
        var (loss, tokens) = (Invariant($"{result.TrainLoss:f4}"), Invariant($"{result.Tokens:n0}"));
        var clock = TerminalText.Clock(result.Duration);
        Bilingual training = result.Steps == 0 ? ("未训练", "not trained")
            : ($"{result.Steps} 步，平均损失 {loss}，{tokens} 词元，用时 {clock}",
                $"{result.Steps} steps, mean loss {loss}, {tokens} tokens in {clock}");
        var validation = result.Evaluation is { } evaluation ? Invariant($"{evaluation.Loss:f4}") : null;
        return (
            $"{training.Chinese}{(validation is null ? "" : $"，验证损失 {validation}")} -> {output.OutputDir}",
            $"{training.English}{(validation is null ? "" : $", validation loss {validation}")} -> {output.OutputDir}");
    }

    void FetchWeights(CancellationToken stop)
    {
        _prepared = Prepared.Of(Settings, Need.Model, _here with { Stop = stop }) with { HubFiles = _prepared.HubFiles };
        var report = new CheckReport();
        new ModelCheck(_prepared, report, _here).Run(isTraining: true);
        report.RefuseErrors();
    }

    TrainingResult Train(TrainingWatch watch, CancellationToken stop)
    {
        foreach (var note in Settings.Notes) watch.Tell(note);
        if (Settings.Train.Tf32 is { } isTf32 && LibTorch.HasCuda) backends.cuda.matmul.allow_tf32 = isTf32;
        using var trained = TrainedModel.Load(_prepared.Trained with { Taught = Taught }, _here.Device.Value);
        var (rows, input) = (_check.Rows!, _check.Input!);
        rows.Check(trained.Model.Shape.VocabularySize);
        TellSize(trained, watch);
        if (Settings.Train.DoTrain == false) return EvaluateOnly(trained, rows.Validation, stop);

        var folder = new RunFolder(Settings.Output, Record(trained.Model.FormatName), _here.Tell);
        if (folder.ResumesFrom is { } checkpoint) watch.Tell($"going on from {checkpoint}");
        var options = new TrainingOptions
        {
            Train = Settings.Train,
            Evaluation = Settings.Evaluation,
            Output = Settings.Output,
            Memory = new() { MayRecompute = !Settings.Model.DisableGradientCheckpointing, Tell = watch.Tell },
        };
        return new Trainer(trained.Model, trained.Trainable, options, input, folder, watch.Progress).Run(stop);
    }

    JsonObject Record(string baseFormat) => RunRecord.Create(_prepared, TaughtTemplate, _labels, baseFormat);

    /// <summary>The template that the adapter is taught; null where the rows are tokens or texts and none was named.</summary>
    string? TaughtTemplate => Settings.Dataset.Template
        ?? (Settings.Method.Stage == Stage.Sft && Settings.Dataset.Dataset.Count > 0 ? _prepared.TemplateName : null);

    ChatTemplate? Taught => TaughtTemplate is { } name && Tokenizer.IsIn(_prepared.Folder)
        ? ChatTemplate.Get(name, Tokenizer.Load(_prepared.Folder), Settings.Dataset.DefaultSystem, Settings.Dataset.EnableThinking) : null;

    void TellSize(TrainedModel trained, TrainingWatch watch)
    {
        if (Precision.Wanted(Settings.Train) != trained.Model.ComputeType)
        {
            var wanted = Settings.Train.Bf16 ? "bf16" : "fp16";
            watch.Tell($"{wanted}: this CPU multiplies {wanted} slower than fp32; computing in fp32");
        }
        var packs = _check.Input!.Packs is { } all ? $" in {all.Count:N0} packs" : "";
        var format = trained.Model.Format is { } packed ? $" on a base in {packed.Name}" : "";
        var method = Settings.Method.FinetuningType.ToString().ToLowerInvariant();
        watch.Tell($"{_check.Rows!.Train.Count:N0} training rows{packs}, {_check.Rows.Validation?.Count ?? 0:N0} validation rows; " +
            $"{trained.Trainable.Count:N0} parameters are trained ({method}{format})");
    }

    TrainingResult EvaluateOnly(TrainedModel trained, IRowSource? validation, CancellationToken stop)
    {
        if (validation is null)
            throw new UserErrorException("do_train: it is false and there are no validation rows, so there is nothing to do");
        var (choice, _) = ForwardChoice.For(trained.Model, trained.Trainable, RowLengths.Of(new TrainingSet(validation)),
            validation.Count, mayRecompute: false, Settings.Train.MaxTokensPerForward);
        var pass = new LossPass(trained.Model, trained.Trainable);
        var evaluation = pass.Evaluate(validation, choice.Plan.MaxTokens, Settings.Evaluation.ComputeAccuracy, stop);
        RunFolder.WriteEvaluation(Settings.Output.OutputDir, evaluation, 0);
        return new(true, 0, 0, 0, 0, evaluation.Duration, 0, 0) { Evaluation = evaluation };
    }

    /// <summary>Returns the rows as batches are made of them: in packs where the settings ask for it.</summary>
    internal static TrainingSet InputOf(TrainingRows rows, SettingsFile settings) => new(rows.Train, rows.Validation)
    {
        Packs = RowPacking.Of(settings.Dataset, settings.Method.Stage).PackLength is { } most ? Packing.Pack(rows.Train, most) : null,
    };

    public void Dispose() => _check.Dispose();
}
