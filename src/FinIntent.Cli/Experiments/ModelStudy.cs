using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using FinIntent.ApiModels;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Cli.Experiments;

/// <summary>One model of a study: its base score, then for each seed train → export → score. What is done is not done again.</summary>
/// <param name="folder">The model's results.</param>
sealed class ModelStudy(ExperimentFile file, ExperimentModel model, string folder, TextWriter console, CancellationToken stop)
{
    const long Gigabyte = 1_000_000_000;

    /// <summary>Predictions of the model as it is.</summary>
    public PredictionSet ScoreBase()
    {
        var settings = Here(("output_dir", null), ("adapter_name_or_path", null), ("run_name", model.Name));
        var predictions = Path.Combine(folder, "base.jsonl");
        var step = new Step(predictions, BaseIdentity(settings, predictions));
        Score("base", step, settings, predictions);
        var set = PredictionSet.Read(predictions);
        return set with { Api = SettingsToApi.Totals(settings, set.Predictions) };
    }

    /// <summary>Predictions of the model trained with a seed.</summary>
    public PredictionSet ScoreTuned(int seed)
    {
        var at = Path.Combine(folder, $"seed-{seed}");
        var (adapter, merged, predictions) = (Path.Combine(at, "train"), Path.Combine(at, "model"), Path.Combine(at, "tuned.jsonl"));
        var name = $"{model.Name} tuned, seed {seed}"; // in predictions always: another seed beside it changes none of them
        var training = WithEvaluationRows(SettingsToFolders.All(model.With(("output_dir", adapter), ("seed", $"{seed}"), ("resume_from_checkpoint", null)), Console.Error));
        var exporting = Here(("adapter_name_or_path", adapter), ("export_dir", merged));
        var scoring = model.With(("model_name_or_path", merged), ("adapter_name_or_path", null), ("output_dir", null), ("run_name", name));

        var trained = new Step(adapter, TrainingInputs.Of(training));
        var exported = new Step(merged, new() { ["trained"] = trained.Digest, ["export_size"] = exporting.Export.ExportSize, ["infer_dtype"] = $"{exporting.Model.InferDtype}" });
        var scored = new Step(predictions, new()
        {
            ["exported"] = exported.Digest,
            ["score"] = BaseIdentity(Here(("adapter_name_or_path", null), ("run_name", name)), predictions),
        });
        if (!scored.IsThere)
        {
            if (!exported.IsThere) Train(seed, trained, training);
            Export(seed, exported, exporting);
        }
        Score($"tuned, seed {seed}", scored, scoring, predictions);
        if (!file.KeepsModels && Directory.Exists(merged)) Directory.Delete(merged, recursive: true);
        return file.Seeds.Count == 1 ? PredictionSet.Read(predictions) with { Name = $"{model.Name} tuned" } : PredictionSet.Read(predictions);
    }

    /// <summary>The model's settings with some replaced, and what they name of hubs on this machine.</summary>
    SettingsFile Here(params (string, string?)[] changes) => SettingsToFolders.Models(model.With(changes), Console.Error);

    /// <summary>What scoring the base depends on; a tuned model's scoring depends on the same and its weights.</summary>
    static JsonObject BaseIdentity(SettingsFile settings, string predictions)
    {
        var questions = EvalFile(settings);
        if (settings.Api.Api is not null) return SettingsToApi.Run(settings, ApiEndpoint.Unopened(settings.Api), predictions, questions).Identity;
        var scoring = (Scoring)settings.Inference.Scoring;
        return SettingsToPredictions.LocalRun(settings, predictions, questions).Identity(scoring.ToString().ToLowerInvariant(), scoring != Scoring.Options);
    }

    static string EvalFile(SettingsFile settings) => settings.Inference.EvalFile
        ?? throw new UserErrorException($"{settings.Path}: eval_file is missing; name an Alpaca or OpenFinData file of questions with known answers");

    /// <summary>The study's questions may be in no training row.</summary>
    static SettingsFile WithEvaluationRows(SettingsFile settings) =>
        settings with { Dataset = settings.Dataset with { LeakCheckFiles = [.. settings.Dataset.LeakCheckFiles.Append(EvalFile(settings)).Distinct()] } };

    void Score(string what, Step step, SettingsFile settings, string predictions) => Run(what, step, () =>
    {
        var questions = QuestionFile.Load(EvalFile(settings), SettingsToModel.Schema(settings));
        if (settings.Api.Api is null) TrainedOn.Check(settings, EvalFile(settings), Console.Error.WriteLine);
        var kept = settings with { Output = settings.Output with { OverwriteOutputDir = false } };
        SettingsToPredictions.Ask(new(kept, EvalFile(settings), questions, null, predictions), Console.Error.WriteLine, stop);
        return true;
    });

    void Train(int seed, Step step, SettingsFile settings) => Run($"train, seed {seed}", step, () =>
    {
        var kept = settings with { Output = settings.Output with { OverwriteOutputDir = !HasCheckpoint(step.Result) } };
        return TrainProgress.Show(progress => TrainingJob.Run(kept, line => TrainProgress.Tell("    " + line), progress, stop)).IsFinished;
    });

    static bool HasCheckpoint(string run) => Directory.Exists(run) && Directory.EnumerateDirectories(run, "checkpoint-*").Any();

    void Export(int seed, Step step, SettingsFile settings) => Run($"export, seed {seed}", step, () =>
    {
        var source = SettingsToModel.Source(settings);
        ModelExport.Run(new(source.Model, source.Adapters, step.Result, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
        });
        return true;
    });

    void Run(string what, Step step, Func<bool> work)
    {
        stop.ThrowIfCancellationRequested();
        if (step.IsThere)
        {
            console.WriteLine($"  {what}: kept from before");
            return;
        }
        console.WriteLine($"  {what} …");
        var clock = Stopwatch.StartNew();
        if (!step.Do(work)) throw new OperationCanceledException("training was stopped", stop);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {clock.Elapsed.TotalSeconds:f1} s"));
    }
}
