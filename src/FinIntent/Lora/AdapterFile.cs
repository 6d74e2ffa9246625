using FinIntent.Checkpoints;

namespace FinIntent.Lora;

/// <summary>Holds the tensors of an adapter's file under the names that PEFT writes: base_model.model.MODULE.lora_A.weight.</summary>
/// <remarks>
/// Some programs leave the adapter's name in (lora_A.default.weight) or the first words out (model.layers…): these mean the same. What
/// holds more than factors of linears is refused by its own name.
/// </remarks>
sealed partial class AdapterFile : IDisposable
{
    const string Prefix = LoraAdapters.Prefix;

    readonly TensorFile _file;
    readonly Dictionary<string, string> _stored = [];

    AdapterFile(TensorFile file)
    {
        _file = file;
        RefuseWithoutNumbers();
        var hasPrefix = file.Tensors.Keys.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        foreach (var name in file.Tensors.Keys)
        {
            var plain = AdapterName().Replace(hasPrefix ? name : Prefix + name, ".lora_$1.weight");
            if (!_stored.TryAdd(plain, name))
                throw new UserErrorException($"{FilePath}: {_stored[plain]} and {name} are two adapters in one file; one is read");
        }
        RefuseMore();
        Tensors = _stored.ToDictionary(name => name.Key, name => file.Tensors[name.Value]);
    }

    public string FilePath => _file.FilePath;

    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a folder's weights: adapter_model.safetensors, or adapter_model.bin of earlier versions of PEFT.</summary>
    /// <exception cref="UserErrorException">Neither file is there, or it holds something else than factors of linears.</exception>
    public static AdapterFile Open(string folder)
    {
        var path = LoraAdapters.WeightsPath(folder);
        TensorFile file = path.EndsWith(".bin", StringComparison.Ordinal) ? TorchBinFile.Open(path) : SafetensorsFile.Open(path);
        return file.OrDispose(() => new AdapterFile(file));
    }

    /// <summary>Returns a new CPU tensor, which the caller owns.</summary>
    public Tensor Read(string name) => _file.Read(_stored[name]);

    public void CopyTo(string name, Tensor target) => _file.CopyTo(_stored[name], target);

    public void Dispose() => _file.Dispose();

    void RefuseWithoutNumbers()
    {
        if (_file.Tensors.Count == 0)
            throw new UserErrorException($"{FilePath}: there are no tensors in it: the program that saved the adapter saved nothing of " +
                "it; save it again");
        if (_file.Tensors.FirstOrDefault(t => t.Value.Count == 0) is { Key: { } empty } found)
            throw new UserErrorException($"{FilePath}: {empty} is [{string.Join(", ", found.Value.Shape)}], without a number: the " +
                "adapter was saved under DeepSpeed ZeRO-3 without gathering its parts; save it again with " +
                "stage3_gather_16bit_weights_on_model_save");
    }

    /// <summary>Refuses what an adapter may hold besides the factors of linears.</summary>
    void RefuseMore()
    {
        foreach (var (part, what) in (ReadOnlySpan<(string, string)>)[("lora_magnitude_vector", "DoRA's"),
            (".lora_embedding_", "LoRA on an embedding"), (".lora_B.bias", "a bias of LoRA")])
            if (Find(part) is { } more) throw Refuse($"{more} is {what}");
        var whole = _stored.Where(name => !Factor().IsMatch(name.Key)).Select(name => name.Value).Order(StringComparer.Ordinal).ToList();
        if (whole.Count == 0) return;
        throw Refuse($"it holds whole weights besides its factors, {string.Join(", ", whole.Take(4))}{(whole.Count > 4 ? " …" : "")} " +
            "(modules_to_save, or saved embeddings)");

        string? Find(string part) => _stored.Keys.Where(name => name.Contains(part, StringComparison.Ordinal)).Min(StringComparer.Ordinal);
        UserErrorException Refuse(string what) => new($"{FilePath}: {what}, which is not computed here; {AdapterConfig.MergeRemedy}");
    }

    [GeneratedRegex(@"\.lora_(A|B)\.[^.]+\.weight$")]
    private static partial Regex AdapterName();

    [GeneratedRegex(@"^base_model\.model\..+\.lora_(A|B)\.weight$")]
    private static partial Regex Factor();
}
