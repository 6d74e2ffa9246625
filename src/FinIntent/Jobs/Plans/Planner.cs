using FinIntent.Checkpoints;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Training;
using FinIntent.Training.Memory;

namespace FinIntent.Jobs.Plans;

/// <summary>Makes plans of one settings file, and of changes in it.</summary>
sealed class Planner : IDisposable
{
    readonly Dictionary<(MethodSettings, ModelSettings, ScalarType), Sketched> _sketches = [];
    readonly IReadOnlyList<string> _adapters;
    readonly PlanTarget _target;
    readonly Lazy<double> _cpuTflops;

    Planner(Prepared prepared, JsonElement config, PlanTarget target, PlanRows rows)
    {
        (Settings, _adapters, Config, _target, Rows) = (prepared.Settings, prepared.Adapters, config, target, rows);
        _cpuTflops = new(() => Devices.ProductTflops(Precision.On(CPU, Settings.Train)));
    }

    public SettingsFile Settings { get; }

    /// <summary>The model's config.json.</summary>
    public JsonElement Config { get; }

    public PlanRows Rows { get; }

    /// <param name="rows">The rows to count with; null means those that the settings name.</param>
    /// <exception cref="UserErrorException">The model is neither a folder with a config.json nor one whose shape is known.</exception>
    public static Planner Open(Prepared prepared, PlanTarget target, PlanRows? rows = null)
    {
        CrossChecks.CheckTraining(prepared.Settings);
        LibTorch.Load();
        var name = prepared.Settings.Model.ModelNameOrPath;
        var config = prepared.ModelFolder is { } folder ? Checkpoint.ReadConfig(folder)
            : KnownModels.Find(name) ?? throw PlanJob.Unknown(name);
        var template = prepared.Settings.Dataset.Template
            ?? (prepared.ModelFolder is { } model ? PublishedFamily.TemplateIn(model) : ModelFamily.Of(config).Template);
        return new(prepared, config, target, rows ?? PlanRows.Of(prepared, template));
    }

    /// <summary>The model that is planned; a sketch of it reads no folder.</summary>
    public TrainedModelSource Source => SourceOf(Settings);

    TrainedModelSource SourceOf(SettingsFile settings) => new("", _adapters, settings.Model, settings.Method, settings.Train);

    public TrainingPlan Plan() => Plan(Settings);

    public TrainingPlan Plan(SettingsFile settings)
    {
        var (trained, memory, activations, speed) = SketchOf(settings);
        var (model, trainable) = (trained.Model, trained.Trainable);
        var rows = Rows.Lengths.CutAt(settings.Dataset.CutoffLen);
        var held = _target.Context + memory.Total;
        var updates = new UpdatePlan(rows.Count, settings.Train);
        var limits = new ForwardLimits(_target.Bytes - held - _target.Margin(held), updates.RowsPerUpdate,
            !settings.Model.DisableGradientCheckpointing && trainable.IsBaseFrozen, settings.Train.MaxTokensPerForward, _target.IsCpu);
        var choice = ForwardChoice.Of(activations, speed ?? TrainingSpeed.Of(model, trainable, Typical), rows, limits);
        var time = speed is null ? (TimeSpan?)null : EpochTime(speed, rows, updates, choice.Plan);
        return new(_target, memory, choice, rows, model.FormatName, model.ComputeType, trainable.Count, time)
        {
            UpdatesPerEpoch = updates.UpdatesPerEpoch,
            Epochs = settings.Train.MaxSteps > 0 ? settings.Train.MaxSteps / (double)updates.UpdatesPerEpoch
                : settings.Train.NumTrainEpochs,
        };
    }

    // Of a GPU whose speed is not known only the ratio of its parts matters.
    static GpuModel Typical => GpuModel.Known.Single(gpu => gpu.Key == "a100");

    Sketched SketchOf(SettingsFile settings)
    {
        var key = (settings.Method, settings.Model, Precision.Wanted(settings.Train));
        if (_sketches.TryGetValue(key, out var known)) return known;
        var compute = _target.IsCpu ? Precision.On(CPU, settings.Train) : Precision.Wanted(settings.Train);
        var trained = TrainedModel.Sketch(SourceOf(settings), Config, compute);
        var (model, trainable) = (trained.Model, trained.Trainable);
        var activations = new ActivationMemory(model, trainable, _target.IsCpu ? DeviceType.CPU : DeviceType.CUDA);
        return _sketches[key] = new(trained, ModelMemory.Of(model, trainable), activations, SpeedOf(model, trainable));
    }

    TrainingSpeed? SpeedOf(CausalLanguageModel model, Trainable trainable) => _target switch
    {
        { IsCpu: true } => TrainingSpeed.OnCpu(model, trainable, _cpuTflops.Value),
        { Gpu: { } gpu } => TrainingSpeed.Of(model, trainable, gpu),
        _ => null,
    };

    static TimeSpan EpochTime(TrainingSpeed speed, RowLengths rows, UpdatePlan updates, ForwardPlan plan)
    {
        var tokens = rows.Tokens / updates.UpdatesPerEpoch;
        return TimeSpan.FromSeconds(updates.UpdatesPerEpoch * speed.Seconds(tokens, plan, rows.Mean));
    }

    public void Dispose()
    {
        foreach (var sketch in _sketches.Values) sketch.Trained.Dispose();
    }

    sealed record Sketched(TrainedModel Trained, ModelMemory Memory, ActivationMemory Activations, TrainingSpeed? Speed);
}
