using FinIntent.Models;
using FinIntent.Models.Layers;

namespace FinIntent.Lora;

/// <summary>Holds the factors of one LoRA adapter that is put on no layer: a forward serves rows of many of them.</summary>
/// <remarks>The model knows nothing of it until a row uses it, so it may be loaded while the model computes.</remarks>
sealed class AdapterWeights : AdapterFactors
{
    AdapterWeights(CausalLanguageModel model, IReadOnlyList<GroupFactors?[]> layers) : base(model, layers)
    {
    }

    /// <summary>Reads a PEFT folder (adapter_config.json and weights). Any thread may call it.</summary>
    /// <exception cref="UserErrorException">The adapter does not fit the model, or changes more than its layers' linears.</exception>
    public static AdapterWeights Load(CausalLanguageModel model, string folder)
    {
        var sites = LoraAdapters.SitesOf(model, AdapterConfig.Read(folder).Settings);
        using var file = AdapterFile.Open(folder);
        AdapterFit.Compare(file, sites, model);
        return Of(model, sites, file.FilePath, file.CopyTo);
    }

    /// <summary>Draws an adapter, to measure speed with. The same seed gives the same one.</summary>
    public static AdapterWeights Random(CausalLanguageModel model, LoraSettings settings, ulong seed)
    {
        using var generator = new Generator(seed, CPU);
        return Of(model, LoraAdapters.SitesOf(model, settings), "the adapter", (_, target) => target.normal_(0, 0.02, generator));
    }

    /// <param name="read">Fills a tensor with what the adapter has under a name.</param>
    static AdapterWeights Of(CausalLanguageModel model, IReadOnlyList<LoraSite> sites, string name, Action<string, Tensor> read)
    {
        var siteOf = sites.ToDictionary(site => site.Layer);
        var grouped = model.Layers.SelectMany(layer => layer.Groups).SelectMany(group => group.Members).ToHashSet();
        if (sites.FirstOrDefault(site => !grouped.Contains(site.Layer)) is { } outside)
            throw new UserErrorException($"{name}: it changes {outside.Module}, and adapters that are used beside others change only " +
                "linears of the model's layers; merge it into a model of its own with `finintent export`");
        using var _ = no_grad();
        List<GroupFactors?[]> layers = [];
        foreach (var layer in model.Layers) layers.Add([.. layer.Groups.Select(group => Join(group.Members))]);
        return new(model, layers);

        GroupFactors? Join(IReadOnlyList<Linear> members)
        {
            using var scope = NewDisposeScope();
            return JointAdapter.Join(members, [.. members.Select(m => siteOf.TryGetValue(m, out var site) ? Factors(site) : null)],
                model.ComputeType);
        }

        // In fp32, as a trainer keeps them, and then in the type to compute in: the numbers of an adapter that is put on a model.
        (Tensor A, Tensor B, double Scale)? Factors(LoraSite site)
        {
            var tensors = site.Shapes.Select(s => empty(s.Shape, dtype: ScalarType.Float32)).ToList();
            foreach (var (tensor, (name, _)) in tensors.Zip(site.Shapes)) read(name, tensor);
            return (tensors[0], tensors[1], site.Scale);
        }
    }
}
