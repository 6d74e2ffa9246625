using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Jobs.Checks;

/// <summary>Holds what the other checks ask of a model's folder.</summary>
/// <param name="Numbers">The count of numbers that the weights hold.</param>
/// <param name="WeightBytes">The size of the weights as they are stored.</param>
/// <param name="CompanionBytes">The size of the tokenizer and the like, which are copied beside trained weights.</param>
sealed record CheckedModel(string Folder, ModelFamily Family, int Vocabulary, long Numbers, long WeightBytes, long CompanionBytes)
{
    /// <summary>The count of numbers that are trained; null when none is, or when it cannot be told.</summary>
    public long? Trained { get; init; }
}

/// <summary>Checks the base model's folder and the adapters on it, by their headers alone.</summary>
sealed class ModelCheck(Prepared prepared, CheckReport report, Surroundings here)
{
    readonly SettingsFile _settings = prepared.Settings;

    /// <returns>The model; null when there is none that can be loaded, which was reported.</returns>
    public CheckedModel? Run(bool isTraining)
    {
        if (_settings.Model.ModelNameOrPath == "")
            report.Fail("model", $"{_settings.Path}: model_name_or_path is missing; name the base model's folder");
        if (prepared.ModelFolder is not { } folder) return null;
        return report.Try("model", () =>
        {
            if (prepared.IsModelOfHub && !Checkpoint.HasWeights(folder)) return NotFetched(folder, isTraining);
            using var checkpoint = Checkpoint.Open(folder);
            using var model = PretrainedModel.Sketch(checkpoint);
            var (numbers, bytes) = (checkpoint.Tensors.Values.Sum(t => t.Count), checkpoint.Tensors.Values.Sum(t => t.Length));
            var family = ModelFamily.Of(checkpoint.Config);
            report.Ok("model", $"{folder}: {family.ModelType}, {Amounts.Count(numbers)} weights, {Amounts.Bytes(bytes)} in " +
                $"{checkpoint.StoredType.ToString().ToLowerInvariant()}");
            if (TiedHead.IsSeparate(checkpoint)) report.Warn("model", TiedHead.Warning(checkpoint));
            foreach (var adapter in prepared.Adapters) report.Try("adapter", () => CheckAdapter(model, checkpoint, adapter));
            return new CheckedModel(folder, family, model.Shape.VocabularySize, numbers, bytes,
                checkpoint.CompanionFiles.Sum(file => new FileInfo(file).Length))
            {
                Trained = isTraining ? Trained(checkpoint.Config) : null,
            };
        });
    }

    /// <summary>Reports a hub's model of which only the shape and the tokenizer have been fetched.</summary>
    CheckedModel NotFetched(string folder, bool isTraining)
    {
        var config = new ModelConfig(Checkpoint.ReadConfig(folder), Path.Combine(folder, Checkpoint.ConfigName));
        QuantizedWeights.RefuseByConfig(config.Json, config.File);
        var family = ModelFamily.Of(config);
        using var model = family.Create(config, Placement.Meta);
        var numbers = model.parameters().Sum(p => p.numel());
        var name = _settings.Model.ModelNameOrPath;
        report.Warn("model", $"{name}: {family.ModelType}, {Amounts.Count(numbers)} weights, which are not on this machine yet: " +
            $"the run fetches about {Amounts.Bytes(2 * numbers)}, or fetch them before with `finintent download {name}`");
        CheckRoom(folder, 2 * numbers);
        foreach (var adapter in prepared.Adapters) report.Try("adapter", () => CheckAdapter(model, null, adapter));
        return new(folder, family, model.Shape.VocabularySize, numbers, 2 * numbers, 0)
        { Trained = isTraining ? Trained(config.Json) : null };
    }

    /// <summary>Checks that what is not here yet of a model has room where it is kept.</summary>
    void CheckRoom(string folder, long bytes)
    {
        // In Hugging Face's cache the bytes are beside the snapshot.
        var blobs = Path.Combine(folder, "..", "..", "blobs");
        var files = Directory.EnumerateFiles(Directory.Exists(blobs) ? blobs : folder, "*", SearchOption.AllDirectories);
        var kept = files.Sum(file => new FileInfo(file).Length);
        var (needed, free) = (bytes - kept, here.FreeBytes(folder));
        if (needed > free)
            report.Fail("disk", $"about {Amounts.Bytes(needed)} are to be fetched, {Amounts.Bytes(free)} are free at " +
                $"{Path.GetFullPath(folder)}: make room, or keep hubs' files on another disk with cache_dir");
    }

    /// <param name="checkpoint">The weights; null when they are not here.</param>
    void CheckAdapter(CausalLanguageModel model, Checkpoint? checkpoint, string folder)
    {
        if (!Directory.Exists(folder)) throw new UserErrorException($"adapter_name_or_path: there is no folder {folder}");
        var config = AdapterConfig.Read(folder);
        LoraAdapters.Check(model, folder);
        if (checkpoint is not null) Provenance.CheckBase(checkpoint, [folder], _settings.Inference.Force);
        report.Ok("adapter", $"{folder}: rank {config.Settings.Rank} on {config.Settings.Shown}");
        // Ours carry the base's fingerprint; of others only the name can be compared.
        if (Provenance.Read(folder).BaseFingerprint is null && config.BaseModel.Length > 0 && NameOf(config.BaseModel) != NameOf(Given))
            report.Warn("adapter", $"{folder}: adapter_config.json names the base {config.BaseModel}, the model is {Given}; " +
                "use the base it was trained on, unless the folder is only called otherwise");
    }

    /// <summary>The model's name as it was given; a hub's name has no revision here, since its folder is called after a commit.</summary>
    string Given => prepared.IsModelOfHub ? _settings.Model.ModelNameOrPath.Split('@')[0] : _settings.Model.ModelNameOrPath;

    static string NameOf(string path) => Path.GetFileName(path.TrimEnd('/', '\\')).ToLowerInvariant();

    /// <summary>Counts what is trained, and thereby checks lora_target and freeze_… against the model's modules.</summary>
    long? Trained(JsonElement config)
    {
        var method = _settings.Method;
        var isContinued = method.FinetuningType == FinetuningType.Lora && prepared.Adapters.Count > 0 && !method.CreateNewAdapter;
        if (isContinued) CompareRank(prepared.Adapters[^1]);
        long? count = null;
        report.Try("method", () =>
        {
            using var sketch = TrainedModel.Sketch(prepared.Trained, config, Precision.Wanted(_settings.Train));
            count = sketch.Trainable.Count;
            report.Ok("method", $"{method.FinetuningType.ToString().ToLowerInvariant()}: {count:N0} numbers are trained");
        });
        return count;
    }

    void CompareRank(string folder) => report.Try("lora_rank", () =>
    {
        if (!Directory.Exists(folder)) return;
        var rank = AdapterConfig.Read(folder).Settings.Rank;
        if (_settings.Given.TryGetValue("lora_rank", out var place) && _settings.Method.LoraRank != rank)
            report.Warn("lora_rank", $"{place}: {_settings.Method.LoraRank} is given, but the adapter that is trained on, {folder}, " +
                $"has rank {rank} and keeps it; leave the key out, or set create_new_adapter: true");
    });
}
