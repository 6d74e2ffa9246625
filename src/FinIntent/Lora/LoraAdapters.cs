using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Models;
using TorchSharp.Modules;
using Linear = FinIntent.Models.Layers.Linear;

namespace FinIntent.Lora;

/// <summary>Is a linear of a model that an adapter changes, and how.</summary>
/// <param name="Module">The linear's name in the model.</param>
sealed record LoraSite(string Module, Linear Layer, int Rank, double Scale)
{
    /// <summary>The name of A, [R, in], in an adapter's file.</summary>
    public string A => $"{LoraAdapters.Prefix}{Module}.lora_A.weight";

    /// <summary>The name of B, [out, R].</summary>
    public string B => $"{LoraAdapters.Prefix}{Module}.lora_B.weight";

    /// <summary>Both names, with the shapes that the model needs.</summary>
    public IEnumerable<(string Name, long[] Shape)> Shapes => [(A, [Rank, Layer.Inputs]), (B, [Layer.Outputs, Rank])];
}

/// <summary>Holds the LoRA adapters of one model, in PEFT's names and files.</summary>
sealed class LoraAdapters : IDisposable
{
    internal const string Prefix = "base_model.model.";
    const string WeightsFile = "adapter_model.safetensors";
    const string OldWeightsFile = "adapter_model.bin";

    readonly List<(LoraSite Site, LoraAdapter Adapter)> _adapters = [];
    readonly CausalLanguageModel _model;

    LoraAdapters(CausalLanguageModel model, LoraSettings settings) => (_model, Settings) = (model, settings);

    public LoraSettings Settings { get; }

    /// <summary>A and B of every adapted layer under PEFT's names.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Parameters =>
        [.. _adapters.SelectMany(a => new (string, Parameter)[] { (a.Site.A, a.Adapter.A), (a.Site.B, a.Adapter.B) })];

    /// <summary>Turns dropout on or off.</summary>
    public void SetTraining(bool isTraining)
    {
        foreach (var (_, adapter) in _adapters) adapter.IsTraining = isTraining;
    }

    /// <summary>Returns what "all" stands for: the last part of each linear's name in a decoder layer, in the model's order.</summary>
    /// <remarks>The head, which is in no layer, is never adapted (LLaMA-Factory's rule).</remarks>
    public static IReadOnlyList<string> AllTargets(CausalLanguageModel model) =>
        [.. Linears(model).Where(l => l.Name.Contains(".layers.")).Select(l => l.Name[(l.Name.LastIndexOf('.') + 1)..]).Distinct()];

    /// <summary>Adds fresh adapters to a model, which change nothing until they are trained. The same seed gives the same A.</summary>
    /// <exception cref="UserErrorException">A target names no linear layer.</exception>
    public static LoraAdapters Attach(CausalLanguageModel model, LoraSettings settings, long seed, ScalarType type = ScalarType.Float32)
    {
        var adapters = Create(model, settings, type);
        using var generator = new Generator((ulong)seed, CPU);
        foreach (var (_, adapter) in adapters._adapters) adapter.Initialise(generator);
        return adapters;
    }

    /// <summary>Returns a folder's weights: adapter_model.safetensors, or adapter_model.bin of earlier versions of PEFT.</summary>
    /// <exception cref="UserErrorException">Neither file is there.</exception>
    internal static string WeightsPath(string folder) =>
        ((string[])[WeightsFile, OldWeightsFile]).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new UserErrorException(
                $"{folder}: there is neither {WeightsFile} nor {OldWeightsFile}; name the folder of a trained adapter");

    /// <summary>Adds the adapters of a PEFT folder (adapter_config.json and weights) to a model.</summary>
    /// <exception cref="UserErrorException">The adapter does not fit the model: all differing tensors are listed.</exception>
    public static LoraAdapters Load(CausalLanguageModel model, string folder, ScalarType type = ScalarType.Float32)
    {
        var settings = AdapterConfig.Read(folder).Settings;
        using var file = AdapterFile.Open(folder);
        AdapterFit.Compare(file, SitesOf(model, settings), model); // before memory is taken for ranks that may be wrong
        var adapters = Create(model, settings, type);
        using var _ = no_grad();
        foreach (var (name, parameter) in adapters.Parameters) file.CopyTo(name, parameter);
        return adapters;
    }

    /// <summary>Merges the adapters of each folder into the model, one after the other.</summary>
    public static void Merge(CausalLanguageModel model, IEnumerable<string> folders)
    {
        foreach (var folder in folders)
        {
            using var adapters = Load(model, folder);
            adapters.Merge();
        }
    }

    /// <summary>Merges the adapters of all folders but the last, and adds the last one's to the model.</summary>
    /// <returns>The last folder's adapters; null where no folder is given.</returns>
    public static LoraAdapters? LoadLast(CausalLanguageModel model, IReadOnlyList<string> folders)
    {
        Merge(model, folders.SkipLast(1));
        return folders.Count == 0 ? null : Load(model, folders[^1]);
    }

    /// <summary>Checks that a folder's adapters would load; the model may be on the meta device.</summary>
    /// <exception cref="UserErrorException">They would not load.</exception>
    internal static void Check(CausalLanguageModel model, string folder)
    {
        var sites = SitesOf(model, AdapterConfig.Read(folder).Settings);
        using var file = AdapterFile.Open(folder);
        AdapterFit.Compare(file, sites, model);
    }

    /// <summary>Writes adapter_model.safetensors and adapter_config.json.</summary>
    public void Save(string folder, string baseModel)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile),
            Parameters.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Name, (Tensor)p.Value)));
        new AdapterConfig(baseModel, Settings).Write(folder);
    }

    /// <summary>Adds every adapter to its layer's weight (the product in fp32, rounded to the weight's type) and removes it.</summary>
    /// <exception cref="UserErrorException">The weights are packed.</exception>
    public void Merge()
    {
        if (_model.Format is { } format)
            throw new UserErrorException($"adapters cannot be merged into weights in {format.Name}; " +
                "leave out quantization_bit, or merge them with `finintent export` first");
        using var _ = no_grad();
        foreach (var (_, adapter) in _adapters)
        {
            using var scope = NewDisposeScope();
            var weight = adapter.Layer.Kernel;
            weight.copy_(weight.to(ScalarType.Float32) + adapter.Delta());
        }
        Detach();
    }

    /// <summary>Removes the adapters; the model is the base again.</summary>
    public void Detach()
    {
        foreach (var (_, adapter) in _adapters) adapter.Layer.Adapter = null;
    }

    public void Dispose()
    {
        Detach();
        foreach (var (_, adapter) in _adapters) adapter.Dispose();
    }

    static LoraAdapters Create(CausalLanguageModel model, LoraSettings settings, ScalarType type)
    {
        var sites = SitesOf(model, settings);
        // What more than names decides is written as the names of the modules that it gave.
        var targets = settings.Rules.IsList ? TargetsOf(model, settings) : [.. sites.Select(site => site.Module)];
        var adapters = new LoraAdapters(model, settings with { Targets = targets, Rules = TargetRules.OfRun });
        foreach (var site in sites)
        {
            var adapter = new LoraAdapter(site.Layer, site.Rank, site.Scale, settings.Dropout, new(type, model.Placement.Device));
            site.Layer.Adapter = adapter;
            adapters._adapters.Add((site, adapter));
        }
        return adapters;
    }

    static IReadOnlyList<string> TargetsOf(CausalLanguageModel model, LoraSettings settings) =>
        settings.Targets.Contains(LoraSettings.AllLinears) ? AllTargets(model) : settings.Targets;

    /// <summary>Finds the linears that an adapter of this shape is for; any thread may ask.</summary>
    /// <exception cref="UserErrorException">The rank is out of range, or a target names no linear layer.</exception>
    internal static IReadOnlyList<LoraSite> SitesOf(CausalLanguageModel model, LoraSettings settings)
    {
        if (settings.Rank is < 1 or > LoraSettings.MostRank)
            throw new UserErrorException($"lora_rank is {settings.Rank}; it must be from 1 to {LoraSettings.MostRank}");
        var (targets, rules) = (TargetsOf(model, settings), settings.Rules);
        List<LoraSite> sites = [];
        HashSet<string> used = [];
        foreach (var (name, layer) in Linears(model))
        {
            if (rules.Find(name, targets) is not { } target) continue;
            used.Add(target);
            sites.Add(new(name, layer, settings.RankOf(name), settings.ScaleOf(name)));
        }
        var unknown = rules.Pattern is not null ? [] : targets.Except(used).ToList();
        if (sites.Count == 0 || (rules.IsStrict && unknown.Count > 0)) throw NoLinear(model, rules, unknown);
        return sites;
    }

    static UserErrorException NoLinear(CausalLanguageModel model, TargetRules rules, List<string> unknown)
    {
        var names = unknown.Count == 0 ? "" : $" {TerminalText.Short(string.Join(", ", unknown))}";
        var reasons = unknown.Select(name => AdapterFit.WhyNot(model, name)).OfType<string>().Distinct().ToList();
        return new($"{rules.Place}{names} names no linear layer of this model" +
            (reasons.Count > 0 ? $": {string.Join("; ", reasons)}" : $"; it has {string.Join(", ", AllTargets(model))}"));
    }

    internal static IEnumerable<(string Name, Linear Layer)> Linears(CausalLanguageModel model) =>
        model.named_modules().Where(m => m.module is Linear).Select(m => (m.name, (Linear)m.module));
}
