using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>The output folder of a run, as LLaMA-Factory's: the trained weights, trainer_log.jsonl, trainer_state.json, train_results.json,
/// all_results.json, training_loss.png, checkpoint-N/, and run.json, from which the run can be repeated.</summary>
sealed class RunFolder
{
    const string CheckpointPrefix = "checkpoint-";
    const string StateFile = "trainer_state.json";
    const string OptimizerFile = "optimizer.safetensors";
    const string RunFile = "run.json";
    const string TrainResultsFile = "train_results.json";

    readonly OutputSettings _output;
    readonly TrainerLog _log;
    readonly Action<string> _warn;
    TensorBoardLog? _tensorBoard;

    /// <summary>Takes a folder for a run: with overwrite_output_dir what an earlier run left is removed, else it is gone on with.</summary>
    /// <param name="run">The content of run.json.</param>
    /// <param name="warn">It is told what the run has to do without.</param>
    /// <exception cref="UserErrorException">A finished run without checkpoints is there, or resume_from_checkpoint names no
    /// checkpoint.</exception>
    public RunFolder(OutputSettings output, JsonObject run, Action<string> warn)
    {
        (_output, _warn) = (output, warn);
        Path = System.IO.Path.GetFullPath(output.OutputDir);
        Directory.CreateDirectory(Path);
        AtomicFolder.Clean(Path);
        ResumesFrom = FindCheckpoint(output);
        if (ResumesFrom is not null) ReadState(ResumesFrom); // the check before has looked at all files of it
        if (ResumesFrom is null) RemoveEarlierRun();
        Write(At(RunFile), FormatVersion.Run.Stamp(run));
        _log = new(Path);
    }

    public string Path { get; }

    /// <summary>The checkpoint the run goes on from; null: it starts at the beginning.</summary>
    public string? ResumesFrom { get; }

    string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The newest checkpoint, of those made before a step, or null.</summary>
    public string? LastCheckpoint(int before = int.MaxValue) => Checkpoints().LastOrDefault(c => c.Step < before).Folder;

    /// <summary>The state to go on from, the optimizer's restored; null for a run from the beginning.</summary>
    public TrainerState? Resume(AdamW optimizer, DataPosition data)
    {
        var state = ResumesFrom is null ? null : Restore(ResumesFrom, optimizer, data);
        _log.CutAfter(state?.GlobalStep ?? 0);
        if (_output.ReportTo.Contains(Settings.Report.Tensorboard)) _tensorBoard = new(At("runs"), state?.LogHistory ?? []);
        return state;
    }

    static TrainerState Restore(string checkpoint, AdamW optimizer, DataPosition data)
    {
        var state = ReadState(checkpoint);
        if (state.Data != data)
            throw new UserErrorException($"{checkpoint}: it was saved with {Words(state.Data)}, now there are {Words(data)}: " +
                "a step would not mean the same rows; restore the settings, or set overwrite_output_dir: true to start anew");
        RestoreOptimizer(checkpoint, optimizer, state.GlobalStep);
        return state;
    }

    /// <summary>Refuses a checkpoint with a file that is not what was saved, and names one that is whole.</summary>
    static void RefuseDamage(string checkpoint, string? only = null)
    {
        if (CheckpointSums.Damage(checkpoint, only) is not { } damage) return;
        var folder = System.IO.Path.GetDirectoryName(checkpoint)!;
        var step = StepOf(System.IO.Path.GetFileName(checkpoint));
        var older = Checkpoints(folder).Where(c => c.Step < step && File.Exists(System.IO.Path.Combine(c.Folder, OptimizerFile)))
            .Select(c => c.Folder).LastOrDefault(c => CheckpointSums.Damage(c) is null);
        throw new UserErrorException($"{damage}; the disk or a copy has damaged it: " + (older is null
            ? "start anew, with overwrite_output_dir: true and without resume_from_checkpoint"
            : $"set resume_from_checkpoint: {older} to go on from the checkpoint before it"));
    }

    public void Report(StepReport report, TrainerState state)
    {
        if (report.LoggedLoss is null && report.Evaluation is null) return;
        var entry = new LogEntry(report.Epoch, report.Step)
        {
            Loss = report.LoggedLoss,
            GradNorm = report.Evaluation is null ? report.GradientNorm : null,
            LearningRate = report.Evaluation is null ? report.LearningRate : null,
            EvalLoss = report.Evaluation?.Loss,
            EvalAccuracy = report.Evaluation?.Accuracy,
            EvalRuntime = report.Evaluation?.Duration.TotalSeconds,
        };
        state.LogHistory.Add(entry);
        _log.Append(report);
        if (_tensorBoard is { } curves && !Optional.Try("TensorBoard's curves", () => curves.Write(entry), _warn)) _tensorBoard = null;
    }

    /// <summary>Writes checkpoint-N, wholly or not at all, then drops the oldest ones beyond save_total_limit.</summary>
    public string SaveCheckpoint(TrainerState state, AdamW optimizer, Trainable trainable)
    {
        var folder = At(CheckpointPrefix + state.GlobalStep.ToString(CultureInfo.InvariantCulture));
        AtomicFolder.Write(folder, temporary =>
        {
            trainable.SaveWeights(temporary);
            if (!_output.SaveOnlyModel) SaveOptimizer(temporary, optimizer);
            File.Copy(At(RunFile), System.IO.Path.Combine(temporary, RunFile));
            WriteState(temporary, state);
            CheckpointSums.Write(temporary);
        });
        var checkpoints = Checkpoints();
        var excess = checkpoints.Count - (_output.SaveTotalLimit ?? int.MaxValue);
        var deletable = checkpoints.Where(c => c.Step != state.BestGlobalStep && c.Step != state.GlobalStep);
        foreach (var (_, old) in deletable.Take(Math.Max(0, excess))) AtomicFolder.Delete(old);
        return folder;
    }

    /// <summary>Puts the best checkpoint's weights back; false when they are the ones there now.</summary>
    public bool RestoreBest(TrainerState state, AdamW optimizer)
    {
        if (state.BestGlobalStep is not { } best || best == state.GlobalStep) return false;
        RestoreOptimizer(At(CheckpointPrefix + best.ToString(CultureInfo.InvariantCulture)), optimizer, best);
        return true;
    }

    public void Finish(TrainingResult result, TrainerState state, Trainable trainable)
    {
        trainable.SaveWeights(Path);
        WriteState(Path, state);
        if (_output.PlotLoss) Optional.Try("the pictures of the loss", () => LossPlot.Write(Path, state.LogHistory), _warn);
        var train = new JsonObject
        {
            ["epoch"] = result.Epoch,
            ["num_input_tokens_seen"] = result.Tokens,
            ["train_loss"] = result.TrainLoss,
            ["train_runtime"] = result.Duration.TotalSeconds,
            ["train_samples_per_second"] = result.Rows / result.Duration.TotalSeconds,
            ["train_steps_per_second"] = result.Steps / result.Duration.TotalSeconds,
        };
        if (_output.IncludeEffectiveTokensPerSecond) train["effective_tokens_per_sec"] = result.Tokens / result.Duration.TotalSeconds;
        var all = (JsonObject)train.DeepClone();
        if (result.Evaluation is not null)
        {
            foreach (var (key, value) in WriteEvaluation(Path, result.Evaluation, result.Epoch)) all[key] = value?.DeepClone();
        }
        Write(At("all_results.json"), all);
        Write(At(TrainResultsFile), train);
    }

    /// <summary>Writes eval_results.json.</summary>
    public static JsonObject WriteEvaluation(string folder, EvaluationResult evaluation, double epoch)
    {
        var json = new JsonObject { ["epoch"] = epoch, ["eval_loss"] = evaluation.Loss };
        if (evaluation.Accuracy is { } accuracy) json["eval_accuracy"] = accuracy;
        json["eval_runtime"] = evaluation.Duration.TotalSeconds;
        json["eval_samples_per_second"] = evaluation.Rows / evaluation.Duration.TotalSeconds;
        Write(System.IO.Path.Combine(folder, "eval_results.json"), json);
        return json;
    }

    static void Write(string path, JsonObject json) => AtomicFile.WriteText(path, json.ToJsonString(RunJson.Indented) + "\n");

    /// <summary>The checkpoint that a run would go on from; null: it would start at the beginning. Nothing is changed.</summary>
    /// <exception cref="UserErrorException">It can neither go on nor start.</exception>
    public static string? CheckpointToResume(OutputSettings output)
    {
        var checkpoint = FindCheckpoint(output);
        if (checkpoint is null) return null;
        // Refused before anything of the run is written over.
        RefuseDamage(checkpoint);
        ReadState(checkpoint);
        return checkpoint;
    }

    static string? FindCheckpoint(OutputSettings output)
    {
        var (wanted, folder) = (output.ResumeFromCheckpoint, System.IO.Path.GetFullPath(output.OutputDir));
        var isLast = wanted is not null && wanted.Equals("true", StringComparison.OrdinalIgnoreCase);
        if (wanted is not null && !isLast && !wanted.Equals("false", StringComparison.OrdinalIgnoreCase))
            return File.Exists(System.IO.Path.Combine(wanted, OptimizerFile))
                ? System.IO.Path.GetFullPath(wanted)
                : throw new UserErrorException($"resume_from_checkpoint: {wanted} has no {OptimizerFile}; name a checkpoint-N folder " +
                    "saved without save_only_model");
        if (output.OverwriteOutputDir && !isLast) return null;
        if (Checkpoints(folder).Select(c => c.Folder).LastOrDefault() is { } last)
            return File.Exists(System.IO.Path.Combine(last, OptimizerFile))
                ? last
                : throw new UserErrorException($"{last}: it was saved with save_only_model, so the run cannot go on; " +
                    "set overwrite_output_dir: true to start anew");
        if (isLast) throw new UserErrorException($"resume_from_checkpoint: there is no checkpoint in {folder}");
        if (File.Exists(System.IO.Path.Combine(folder, TrainResultsFile)))
            throw new UserErrorException($"output_dir: {folder} holds a finished run; set overwrite_output_dir: true, " +
                "or another output_dir");
        return null;
    }

    void RemoveEarlierRun()
    {
        foreach (var (_, folder) in Checkpoints()) AtomicFolder.Delete(folder);
        string[] results = [TrainResultsFile, "all_results.json", "eval_results.json"];
        foreach (var name in (string[])[.. results, StateFile, "trainer_log.jsonl", LossPlot.TrainingFile, LossPlot.EvaluationFile])
            File.Delete(At(name));
    }

    List<(int Step, string Folder)> Checkpoints() => Checkpoints(Path);

    static List<(int Step, string Folder)> Checkpoints(string path) => !Directory.Exists(path) ? [] :
    [
        .. Directory.EnumerateDirectories(path, CheckpointPrefix + "*")
            .Where(folder => File.Exists(System.IO.Path.Combine(folder, StateFile)))
            .Select(folder => (Step: StepOf(System.IO.Path.GetFileName(folder)), folder))
            .Where(c => c.Step >= 0)
            .OrderBy(c => c.Step),
    ];

    static int StepOf(string name) => name.StartsWith(CheckpointPrefix, StringComparison.Ordinal)
        && int.TryParse(name[CheckpointPrefix.Length..], CultureInfo.InvariantCulture, out var step) ? step : -1;

    /// <summary>The bytes of the checkpoints in a run's folder.</summary>
    public static long CheckpointBytes(string folder) => Checkpoints(folder).Sum(c => AtomicFolder.BytesOf(c.Folder));

    static void SaveOptimizer(string folder, AdamW optimizer)
    {
        var state = optimizer.State().ToList();
        SafetensorsWriter.Write(System.IO.Path.Combine(folder, OptimizerFile), state);
        foreach (var (_, tensor) in state) tensor.Dispose();
    }

    static void RestoreOptimizer(string folder, AdamW optimizer, int steps)
    {
        RefuseDamage(folder, OptimizerFile);
        using var file = SafetensorsFile.Open(System.IO.Path.Combine(folder, OptimizerFile));
        optimizer.Restore(file, steps);
    }

    static void WriteState(string folder, TrainerState state) => Write(System.IO.Path.Combine(folder, StateFile),
            FormatVersion.TrainerState.Stamp(JsonSerializer.SerializeToNode(state, RunJson.Indented)!.AsObject()));

    static TrainerState ReadState(string folder)
    {
        RefuseDamage(folder, StateFile);
        var path = System.IO.Path.Combine(folder, StateFile);
        try
        {
            using var json = JsonFile.Read(path, FormatVersion.TrainerState);
            return JsonBinding.Bind<TrainerState>(json.RootElement, RunJson.Indented, path);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{e.Message}; name another checkpoint in resume_from_checkpoint", e);
        }
    }

    static string Words(DataPosition d) =>
        $"{d.Rows} rows, batch {d.BatchSize} x {d.Accumulation}, seed {d.Seed}, {(d.IsShuffled ? "shuffled" : "in file order")}";
}
