using FinIntent.Checkpoints;

namespace FinIntent.Lora;

/// <summary>Merges adapters into a base checkpoint tensor by tensor on writing: W + Σ scale · B·A in fp32, rounded once.</summary>
/// <remarks>It never needs more memory than its largest tensor.</remarks>
sealed class MergedCheckpoint : IDisposable
{
    sealed record Addition(AdapterFile File, string A, string B, double Scale);

    readonly Checkpoint _base;
    readonly List<AdapterFile> _files = [];
    readonly Dictionary<string, List<Addition>> _additions = [];

    /// <exception cref="UserErrorException">An adapter has a layer that the base lacks, or has in another shape.</exception>
    public MergedCheckpoint(Checkpoint checkpoint, IEnumerable<string> adapters)
    {
        _base = checkpoint;
        try
        {
            foreach (var folder in adapters) Add(folder);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The base's tensors, in their stored type unless <paramref name="type"/> names another.</summary>
    public IEnumerable<OutgoingTensor> Tensors(ScalarType? type) =>
        _base.Tensors.OrderBy(t => _base.FileNumber(t.Key)).ThenBy(t => t.Value.Offset)
            .Select(t => new OutgoingTensor(t.Key, type ?? t.Value.Type, t.Value.Shape, () => Make(t.Key)));

    public void Dispose() => _files.ForEach(file => file.Dispose());

    void Add(string folder)
    {
        const string Suffix = ".lora_A.weight";
        var settings = AdapterConfig.Read(folder).Settings;
        var file = AdapterFile.Open(folder);
        _files.Add(file);
        foreach (var a in file.Tensors.Keys.Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)))
        {
            var module = a[LoraAdapters.Prefix.Length..^Suffix.Length];
            var b = $"{LoraAdapters.Prefix}{module}.lora_B.weight";
            var weight = $"{module}.weight";
            if (!_base.Tensors.TryGetValue(weight, out var stored) || !file.Tensors.ContainsKey(b)
                || !stored.Shape.SequenceEqual([file.Tensors[b].Shape[0], file.Tensors[a].Shape[1]]))
                throw new UserErrorException($"{file.FilePath}: {a} has no {b} beside it, or no {weight} of its shape in {_base.Folder}");
            if (!_additions.TryGetValue(weight, out var list)) _additions[weight] = list = [];
            list.Add(new(file, a, b, settings.ScaleOf(module)));
        }
    }

    Tensor Make(string name)
    {
        var weight = _base.Read(name);
        if (!_additions.TryGetValue(name, out var additions)) return weight;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sum = weight.to(ScalarType.Float32);
        weight.Dispose();
        foreach (var (file, a, b, scale) in additions)
            sum.addmm_(file.Read(b).to(ScalarType.Float32), file.Read(a).to(ScalarType.Float32), 1, (float)scale);
        return sum.MoveToOuterDisposeScope();
    }
}
