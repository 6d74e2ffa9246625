using FinIntent.Evaluation;
using FinIntent.Settings;

namespace FinIntent.Jobs.Studies;

/// <summary>Studies one model: its base score, then for each seed train → export → score. What is done is not done again.</summary>
/// <param name="folder">The folder of the model's results.</param>
sealed class ModelStudy(StudyFile file, StudyModel model, string folder, Surroundings here, CancellationToken stop)
{
    // Its questions are read before anything is done, and those of all steps are the same.
    readonly Exam _exam = Exam.Of(model.With(), here.Warn);

    /// <summary>Scores the model as it is.</summary>
    public PredictionSet ScoreBase()
    {
        var prepared = Here(("output_dir", null), ("adapter_name_or_path", null), ("run_name", model.Name));
        var predictions = Path.Combine(folder, "base.jsonl");
        var scored = new ScoreSteps(_exam, predictions, IdentityOf(prepared, predictions), model.With());
        return Score("base", scored, () => prepared);
    }

    /// <summary>Trains the model with a seed, exports it and scores the result.</summary>
    public PredictionSet ScoreTuned(int seed)
    {
        var at = Path.Combine(folder, $"seed-{seed}");
        var (adapter, merged, predictions) = (Path.Combine(at, "train"), Path.Combine(at, "model"), Path.Combine(at, "tuned.jsonl"));
        var name = $"{model.Name} tuned, seed {seed}"; // in predictions always: another seed beside it changes none of them
        var training = WithExam(model.With(("output_dir", adapter), ("seed", $"{seed}"), ("resume_from_checkpoint", null)));
        var exporting = model.With(("adapter_name_or_path", adapter), ("export_dir", merged));
        var scoring = model.With(("model_name_or_path", merged), ("adapter_name_or_path", null), ("output_dir", null), ("run_name", name));

        var trained = new StudyStep(adapter, TrainingDigest.Of(Prepared.Of(training, Need.All, here)));
        var exported = new StudyStep(merged, new()
        {
            ["trained"] = trained.Digest,
            ["export_size"] = exporting.Export.ExportSize,
            ["infer_dtype"] = $"{exporting.Model.InferDtype}",
        });
        var scored = new ScoreSteps(_exam, predictions, new()
        {
            ["exported"] = exported.Digest,
            ["score"] = IdentityOf(Here(("adapter_name_or_path", null), ("run_name", name)), predictions),
        }, scoring);
        if (!scored.AreThere)
        {
            if (!exported.IsThere) Train(seed, trained, training);
            Run($"export, seed {seed}", exported.IsThere, () => exported.Do(() => Export(exporting)));
        }
        var set = Score($"tuned, seed {seed}", scored, () => Prepared.Of(scoring, Need.Model, here));
        if (!file.KeepsModels && Directory.Exists(merged)) Directory.Delete(merged, recursive: true);
        return file.Seeds.Count == 1 ? set with { Name = $"{model.Name} tuned" } : set;
    }

    /// <summary>Returns the model's settings with some replaced, and what they name on this machine.</summary>
    Prepared Here(params (string, string?)[] changes) => Prepared.Of(model.With(changes), Need.Model, here);

    /// <summary>Tells what scoring depends on, apart from the weights of a tuned model.</summary>
    JsonObject IdentityOf(Prepared prepared, string predictions) =>
        Respondents.RunOf(prepared, Respondents.ForExam(prepared.Settings), predictions, _exam.File).Identity;

    /// <summary>Adds the study's questions to those that no training row may repeat.</summary>
    SettingsFile WithExam(SettingsFile settings)
    {
        string[] files = [.. settings.Dataset.LeakCheckFiles.Append(_exam.File).Distinct()];
        return settings with { Dataset = settings.Dataset with { LeakCheckFiles = files } };
    }

    PredictionSet Score(string what, ScoreSteps steps, Func<Prepared> prepare)
    {
        Run(what, steps.AreThere, () => steps.Do(() =>
        {
            var prepared = prepare();
            var kept = prepared.Settings.Output with { OverwriteOutputDir = false };
            prepared = prepared with { Settings = prepared.Settings with { Output = kept } };
            ScoreJob.Score(prepared, _exam, steps.Predictions, here, stop);
            return true;
        }));
        return steps.Read();
    }

    void Train(int seed, StudyStep step, SettingsFile settings) => Run($"train, seed {seed}", step.IsThere, () => step.Do(() =>
    {
        var kept = settings with { Output = settings.Output with { OverwriteOutputDir = !HasCheckpoint(step.Result) } };
        return TrainJob.Run(kept, Indented, stop).IsFinished;
    }));

    /// <summary>The surroundings in which a training's lines stand under the step's name.</summary>
    Surroundings Indented => here with
    {
        Training = run =>
        here.Train(watch => run(watch with { Tell = line => watch.Tell("    " + line) }))
    };

    static bool HasCheckpoint(string run) => Directory.Exists(run) && Directory.EnumerateDirectories(run, "checkpoint-*").Any();

    bool Export(SettingsFile settings)
    {
        ExportJob.Run(settings, here with { Output = TextWriter.Null }, stop);
        return true;
    }

    void Run(string what, bool isThere, Func<bool> work)
    {
        stop.ThrowIfCancellationRequested();
        if (isThere)
        {
            here.Output.WriteLine($"  {what}: kept from before");
            return;
        }
        here.Output.WriteLine($"  {what} …");
        var clock = Stopwatch.StartNew();
        if (!work()) throw new OperationCanceledException("training was stopped", stop);
        here.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {clock.Elapsed.TotalSeconds:f1} s"));
    }
}
