using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using TorchSharp.Modules;

namespace FinIntent.Training;

/// <summary>What is trained, and how: the base model and its adapters on this machine, with the settings of the method.</summary>
/// <param name="Folder">The base model's folder; a sketch reads none.</param>
/// <param name="Adapters">The adapters' folders: the last one is trained on unless the method creates a new one, and those before it are
/// merged.</param>
sealed record TrainedModelSource(string Folder, IReadOnlyList<string> Adapters, ModelSettings Model, MethodSettings Method,
    TrainSettings Train)
{
    /// <summary>How the model is taught to be talked to, for the files beside what is saved; null where no template is taught.</summary>
    public ChatTemplate? Taught { get; init; }
}

/// <summary>A model loaded for one of the methods, with the part of it that is trained.</summary>
sealed class TrainedModel : IDisposable
{
    const long ShardBytes = 5L << 30;

    readonly LoraAdapters? _adapters;

    TrainedModel(CausalLanguageModel model, Trainable trainable, LoraAdapters? adapters = null) =>
        (Model, Trainable, _adapters) = (model, trainable, adapters);

    public CausalLanguageModel Model { get; }

    public Trainable Trainable { get; }

    public static TrainedModel Load(TrainedModelSource source, Device device)
    {
        var (folder, compute) = (source.Folder, Precision.On(device, source.Train));
        return source.Method.FinetuningType switch
        {
            FinetuningType.Full => Full(PretrainedModel.Load(folder, new(MasterType(source.Method), device)), compute, source),
            FinetuningType.Freeze => Freeze(PretrainedModel.Load(folder, new(compute, device)), source),
            _ => Lora(source, compute, device),
        };
    }

    /// <summary>The base in compute type and frozen, adapters in fp32.</summary>
    static TrainedModel Lora(TrainedModelSource source, ScalarType compute, Device device)
    {
        var (method, given) = (source.Method, source.Adapters);
        var model = PretrainedModel.Load(source.Folder, compute, device, BaseFormat.Of(source.Model), isTrained: true);
        if (method.CreateNewAdapter) LoraAdapters.Merge(model, given);
        var continued = method.CreateNewAdapter ? null : LoraAdapters.LoadLast(model, given);
        var trained = continued ?? LoraAdapters.Attach(model, ShapeOf(method), source.Train.Seed);
        return new(model, TrainableOf(trained, method, Save), trained);

        void Save(string target)
        {
            trained.Save(target, source.Model.ModelNameOrPath);
            CopyCompanions(source, target);
        }
    }

    static LoraSettings ShapeOf(MethodSettings method) =>
        new(method.LoraRank, method.EffectiveLoraAlpha, method.LoraDropout, method.UseRsLora, method.LoraTarget);

    static Trainable TrainableOf(LoraAdapters adapters, MethodSettings method, Action<string> save) =>
        new(adapters.Parameters, save) { SetTraining = adapters.SetTraining, IsBaseFrozen = true, LoraPlusRatio = method.LoraPlusRatio };

    /// <summary>On the meta device, by config.json alone: shapes and types, no numbers and no memory.</summary>
    /// <param name="compute">The type that bf16: true, or its absence, means on the device that the sketch is of.</param>
    public static TrainedModel Sketch(TrainedModelSource source, JsonElement config, ScalarType compute) =>
        Unsaved(source, compute, (type, format) =>
    {
        var model = ModelFamily.Of(config).Create(config, new(type, META));
        model.Format = format;
        return model;
    });

    /// <summary>With random weights, to measure.</summary>
    public static TrainedModel Random(TrainedModelSource source, JsonElement config, Device device) =>
        Unsaved(source, Precision.On(device, source.Train),
        (type, format) => RandomModel.Create(config, new(type, device), seed: 1, format, isTrained: true));

    static TrainedModel Unsaved(TrainedModelSource source, ScalarType compute, Func<ScalarType, WeightFormat?, CausalLanguageModel> create)
    {
        var method = source.Method;
        if (method.FinetuningType != FinetuningType.Lora)
        {
            var isFull = method.FinetuningType == FinetuningType.Full;
            var whole = create(isFull ? MasterType(method) : compute, null);
            return isFull ? Full(whole, compute, source) : Freeze(whole, source);
        }

        var model = create(compute, BaseFormat.Of(source.Model));
        var continued = method.CreateNewAdapter ? null : source.Adapters.LastOrDefault();
        var shape = Directory.Exists(continued) ? AdapterConfig.Read(continued).Settings : ShapeOf(method);
        var adapters = LoraAdapters.Attach(model, shape, source.Train.Seed);
        return new(model, TrainableOf(adapters, method, _ => { }), adapters);
    }

    static ScalarType MasterType(MethodSettings method) => method.PureBf16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>Everything, in fp32 under the compute type unless pure_bf16.</summary>
    static TrainedModel Full(CausalLanguageModel model, ScalarType compute, TrainedModelSource source)
    {
        model.ComputeType = compute;
        return new(model, new(ParametersOf(model), target => SaveModel(model, source, target)));
    }

    /// <summary>Some layers, chosen as LLaMA-Factory does (model/adapter.py, _setup_freeze_tuning): by parts of parameter names.</summary>
    static TrainedModel Freeze(CausalLanguageModel model, TrainedModelSource source)
    {
        var method = source.Method;
        var parts = FreezeParts([.. ParametersOf(model).Select(p => p.Name)], model.Shape.Layers, method);
        if (!method.PureBf16)
        {
            // Only what is trained is kept in fp32; a layer casts its weight to the compute type.
            foreach (var (name, module) in model.named_modules())
            {
                if (module.children().Any()) continue;
                if (module.named_parameters(recurse: false).Any(p => IsTrained($"{name}.{p.name}"))) module.to(ScalarType.Float32);
            }
        }
        return new(model, new([.. ParametersOf(model).Where(p => IsTrained(p.Name))], target => SaveModel(model, source, target)));

        bool IsTrained(string name) => parts.Any(part => name.Contains(part, StringComparison.Ordinal));
    }

    /// <summary>A parameter whose name contains one of these is trained.</summary>
    internal static IReadOnlyList<string> FreezeParts(IReadOnlyList<string> names, int layers, MethodSettings method)
    {
        var inLayers = names.Where(name => name.Contains(".0.")).Select(name => name.Split(".0.")[^1].Split('.')[0]).Distinct().ToList();
        var outside = names.Where(name => !Regex.IsMatch(name, @"\.\d+\.")).Select(name => name.Split('.')[^2]).Distinct().ToList();
        if (method.FreezeTrainableModules.Where(m => m != "all").Except(inLayers).FirstOrDefault() is { } module)
            throw new UserErrorException($"freeze_trainable_modules: \"{module}\" is not one of all, {string.Join(", ", inLayers)}");
        if (method.FreezeExtraModules.Except(outside).FirstOrDefault() is { } extra)
            throw new UserErrorException($"freeze_extra_modules: \"{extra}\" is not one of {string.Join(", ", outside)}");

        var count = Math.Min(Math.Abs(method.FreezeTrainableLayers), layers);
        var first = method.FreezeTrainableLayers > 0 ? layers - count : 0;
        return
        [
            .. method.FreezeTrainableModules.SelectMany(m => Enumerable.Range(first, count).Select(i => $".{i}.{(m == "all" ? "" : m)}")),
            .. method.FreezeExtraModules,
        ];
    }

    static IReadOnlyList<(string Name, Parameter Value)> ParametersOf(CausalLanguageModel model) =>
        [.. model.named_parameters().Select(p => (p.name, p.parameter))];

    /// <summary>A model folder like the base's, in the type the base is stored in.</summary>
    static void SaveModel(CausalLanguageModel model, TrainedModelSource source, string target)
    {
        var baseFolder = source.Folder;
        Directory.CreateDirectory(target);
        using var checkpoint = Checkpoint.Open(baseFolder);
        var type = checkpoint.Type;
        SafetensorsWriter.WriteSharded(target,
            ParametersOf(model).Select(p => new OutgoingTensor(p.Name, type, p.Value.shape, () => p.Value.alias())), ShardBytes);
        File.Copy(Path.Combine(baseFolder, Checkpoint.ConfigName), Path.Combine(target, Checkpoint.ConfigName), overwrite: true);
        CopyCompanions(source, target);
    }

    static void CopyCompanions(TrainedModelSource source, string target)
    {
        using (var checkpoint = Checkpoint.Open(source.Folder)) checkpoint.CopyCompanions(target);
        if (source.Taught is { } template) TaughtFiles.Write(target, template);
    }

    public void Dispose()
    {
        _adapters?.Dispose();
        Model.Dispose();
    }
}
