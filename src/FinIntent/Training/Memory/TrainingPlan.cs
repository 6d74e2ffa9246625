using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Training.Memory;

/// <summary>What a run would hold, and how long it would take.</summary>
/// <param name="Base">Such as "bfloat16" or "int8".</param>
/// <param name="Parameters">That are trained.</param>
/// <param name="EpochTime">Null: the device's speed is not known.</param>
sealed record TrainingPlan(PlanTarget Target, ModelMemory Model, ForwardChoice Forward, RowLengths Rows, string Base, ScalarType Compute, long Parameters, TimeSpan? EpochTime)
{
    public int UpdatesPerEpoch { get; init; }

    public double Epochs { get; init; }

    public long ActivationBytes => Math.Max(Forward.ActivationBytes, Model.Update);

    public long Peak => Target.Context + Model.Total + ActivationBytes;

    public bool Fits => Forward.Fits && Peak + Target.Margin(Target.Context + Model.Total) <= Target.Bytes;
}

/// <summary>Makes plans of one settings file and what could be changed in it.</summary>
sealed class Planner : IDisposable
{
    readonly Dictionary<(MethodSettings, ModelSettings, ScalarType), Sketched> _sketches = [];
    readonly PlanTarget _target;
    readonly Lazy<double> _cpuTflops;

    Planner(SettingsFile settings, JsonElement config, PlanTarget target, PlanRows rows)
    {
        (Settings, Config, _target, Rows) = (settings, config, target, rows);
        _cpuTflops = new(() => Devices.ProductTflops(Precision.On(CPU, settings.Train)));
    }

    public SettingsFile Settings { get; }

    /// <summary>The model's config.json.</summary>
    public JsonElement Config { get; }

    public PlanRows Rows { get; }

    /// <param name="rows">Null: those the settings name.</param>
    /// <exception cref="UserErrorException">The model is neither a folder with a config.json nor one whose shape is known.</exception>
    public static Planner Open(SettingsFile settings, PlanTarget target, PlanRows? rows = null)
    {
        CrossChecks.CheckTraining(settings);
        LibTorch.Load();
        var name = settings.Model.ModelNameOrPath;
        var folder = Directory.Exists(settings.Model.Folder) ? settings.Model.Folder : null;
        var config = folder is null ? KnownModels.Find(name) ?? throw Unknown() : Checkpoint.ReadConfig(folder);
        return new(settings, config, target, rows ?? PlanRows.Of(settings, folder, settings.Dataset.Template ?? ModelFamily.Of(config).Template));

        UserErrorException Unknown() => new($"model_name_or_path: there is no folder {name}, and it is none of the models whose shapes are known " +
                $"({string.Join(", ", KnownModels.Names)}); a folder with the model's config.json is enough for a plan");
    }

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
        return new(_target, memory, choice, rows, model.FormatName, model.ComputeType, trainable.Count, speed is null ? null : EpochTime(speed, rows, updates, choice.Plan))
        {
            UpdatesPerEpoch = updates.UpdatesPerEpoch,
            Epochs = settings.Train.MaxSteps > 0 ? settings.Train.MaxSteps / (double)updates.UpdatesPerEpoch : settings.Train.NumTrainEpochs,
        };
    }

    // Of a GPU whose speed is not known only the ratio of its parts matters.
    static GpuModel Typical => GpuModel.Known.Single(gpu => gpu.Key == "a100");

    Sketched SketchOf(SettingsFile settings)
    {
        var key = (settings.Method, settings.Model, Precision.Wanted(settings.Train));
        if (_sketches.TryGetValue(key, out var known)) return known;
        var trained = TrainedModel.Sketch(settings, Config, _target.IsCpu ? Precision.On(CPU, settings.Train) : Precision.Wanted(settings.Train));
        var (model, trainable) = (trained.Model, trained.Trainable);
        return _sketches[key] = new(trained, ModelMemory.Of(model, trainable), new(model, trainable, _target.IsCpu ? DeviceType.CPU : DeviceType.CUDA), SpeedOf(model, trainable));
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
