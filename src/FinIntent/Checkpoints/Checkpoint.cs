using FinIntent.Files;

namespace FinIntent.Checkpoints;

/// <summary>Reads a model folder as Hugging Face writes it: config.json, and weights in one file or in shards with an index.</summary>
sealed class Checkpoint : IDisposable
{
    public const string ConfigName = "config.json";

    /// <summary>A merged model needs these besides weights and config; *.py is remote code that other programs want, and whoever passes on
    /// weights that derive from others' has to pass on their licence and notices.</summary>
    internal static readonly string[] CompanionPatterns =
    [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "generation_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "chat_template.*", "*.py",
        "*LICENSE*", "*License*", "*LICENCE*", "*Licence*", "*许可协议*", "*NOTICE*", "USE_POLICY*", "BASE_README*",
    ];

    /// <summary>A base's model card, README.md, has this name beside weights that derive from it.</summary>
    public const string BaseCardName = "BASE_README.md";

    readonly Dictionary<string, TensorFile> _fileOf;
    readonly IReadOnlyList<TensorFile> _files;
    TensorStaging? _staging;

    Checkpoint(string folder, JsonElement config, IReadOnlyList<TensorFile> files, Dictionary<string, TensorFile> fileOf)
    {
        (Folder, Config, _files, _fileOf) = (folder, config, files, fileOf);
        Tensors = fileOf.ToDictionary(entry => entry.Key, entry => entry.Value.Tensors[entry.Key]);
    }

    public string Folder { get; }

    public string ConfigPath => Path.Combine(Folder, ConfigName);

    /// <summary>The content of config.json as it is.</summary>
    public JsonElement Config { get; }

    /// <summary>The tensors of all shards by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>The element type that config.json names as torch_dtype or dtype; null when it names none.</summary>
    /// <exception cref="UserErrorException">It names one that is not known, or two.</exception>
    public ScalarType? ConfiguredType
    {
        get
        {
            var (older, newer) = (TypeOf("torch_dtype"), TypeOf("dtype"));
            return older is null || newer is null || older == newer ? older ?? newer
                : throw new UserErrorException($"{ConfigPath}: torch_dtype is {Config.GetProperty("torch_dtype")} and dtype " +
                    $"{Config.GetProperty("dtype")}; keep the one that is meant (dtype is transformers 5's name of it)");
        }
    }

    /// <summary>The element type of most of the weights, whatever config.json says.</summary>
    public ScalarType StoredType => Tensors.Values.GroupBy(t => t.Type).MaxBy(group => group.Sum(t => t.Count))?.Key ?? ScalarType.Float32;

    /// <summary>The element type to load the weights in.</summary>
    public ScalarType Type => ConfiguredType ?? StoredType;

    /// <summary>The paths of the tokenizer, generation settings and the like, which are copied beside exported weights.</summary>
    public IReadOnlyList<string> CompanionFiles =>
        [.. CompanionPatterns.SelectMany(pattern => Directory.EnumerateFiles(Folder, pattern)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Copies the companions to a folder of weights that derive from these, and the model card as that of their base.</summary>
    public void CopyCompanions(string target)
    {
        foreach (var file in CompanionFiles) File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        var card = Path.Combine(Folder, "README.md");
        if (File.Exists(card)) File.Copy(card, Path.Combine(target, BaseCardName), overwrite: true);
    }

    /// <exception cref="UserErrorException">Something is missing or malformed: the message names the folder and the fault.</exception>
    public static Checkpoint Open(string folder)
    {
        var config = ReadConfig(folder);
        var files = new List<TensorFile>();
        try
        {
            return new Checkpoint(folder, config, files, OpenWeights(folder, files));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Says whether a folder holds weights in a form that this class reads, with all their shards.</summary>
    public static bool HasWeights(string folder)
    {
        foreach (var (single, index, _) in Formats)
        {
            if (File.Exists(Path.Combine(folder, single))) return true;
            var path = Path.Combine(folder, index);
            if (File.Exists(path)) return ShardIndex.ReadMap(path).Values.All(shard => File.Exists(Path.Combine(folder, shard)));
        }
        return false;
    }

    /// <summary>Says whether a folder holds a model's config.json.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, ConfigName));

    public static JsonElement ReadConfig(string folder)
    {
        if (!Directory.Exists(folder)) throw NoFolder(folder);
        var path = Path.Combine(folder, ConfigName);
        if (!File.Exists(path))
            throw new UserErrorException(File.Exists(Path.Combine(folder, "adapter_config.json"))
                ? $"{folder}: this is a LoRA adapter, not a model: name its base model here and the adapter as adapter_name_or_path"
                : $"{folder}: {GgufFile.Told(folder) ?? $"no {ConfigName}; a model folder holds {ConfigName}, weights and a tokenizer"}");
        using var json = JsonFile.Read(path);
        return JsonFile.Object(json.RootElement, path).Clone();
    }

    /// <summary>Says why a path is no model's folder.</summary>
    public static UserErrorException NoFolder(string path) => new(!File.Exists(path) ? $"{path}: no such model folder"
        : $"{path}: {GgufFile.Told(path) ?? $"this is a file; name the folder that holds {ConfigName} and the weights"}");

    /// <summary>Returns a new CPU tensor of the stored type, which the caller owns.</summary>
    public Tensor Read(string name) => FileOf(name).Read(name);

    /// <summary>Fills an existing tensor of the same shape, on any device, and converts to its element type.</summary>
    public void CopyTo(string name, Tensor target) => CopyTo([(name, target)]);

    /// <summary>Does the same for many tensors, which is faster than one by one when they are on a GPU.</summary>
    public void CopyTo(IEnumerable<(string Name, Tensor Target)> copies)
    {
        // The copies are in the order of the files, so that a disk reads forward.
        var ordered = copies.Select(c => new TensorCopy(FileOf(c.Name), c.Name, c.Target))
            .OrderBy(c => FileNumber(c.Name)).ThenBy(c => Tensors[c.Name].Offset).ToList();
        if (ordered.Any(c => c.Target.device_type == DeviceType.CUDA))
        {
            _staging ??= TensorStaging.ForCuda();
            _staging.Copy(ordered);
        }
        else ordered.ForEach(c => c.File.CopyTo(c.Name, c.Target));
    }

    /// <summary>Reads a tensor's bytes as stored, from <paramref name="offset"/> within it.</summary>
    internal void ReadBytes(string name, long offset, Span<byte> bytes) => FileOf(name).ReadBytes(Tensors[name].Offset + offset, bytes);

    /// <summary>Returns which shard holds a tensor, counted from 0.</summary>
    internal int FileNumber(string name) => _files.TakeWhile(file => file != _fileOf[name]).Count();

    public void Dispose()
    {
        _staging?.Dispose();
        foreach (var file in _files) file.Dispose();
    }

    TensorFile FileOf(string name) => _fileOf.TryGetValue(name, out var file)
        ? file
        : throw new UserErrorException($"{Folder}: no tensor named {name} among the checkpoint's {_fileOf.Count}");

    /// <summary>This is the order of transformers: safetensors before pickles, one file before shards.</summary>
    static readonly (string Single, string Index, Func<string, TensorFile> Open)[] Formats =
    [
        (SafetensorsWriter.SingleName, SafetensorsWriter.IndexName, SafetensorsFile.Open),
        ("pytorch_model.bin", "pytorch_model.bin.index.json", TorchBinFile.Open),
    ];

    static Dictionary<string, TensorFile> OpenWeights(string folder, List<TensorFile> files)
    {
        foreach (var (single, index, open) in Formats)
        {
            if (File.Exists(Path.Combine(folder, single)))
            {
                files.Add(open(Path.Combine(folder, single)));
                return files[0].Tensors.Keys.ToDictionary(name => name, _ => files[0]);
            }
            if (File.Exists(Path.Combine(folder, index))) return OpenShards(Path.Combine(folder, index), open, files);
        }
        var names = string.Join(", ", Formats.Select(f => $"{f.Single}, {f.Index}"));
        throw new UserErrorException($"{folder}: no weights: {GgufFile.Told(folder) ?? $"none of {names} is there"}");
    }

    static Dictionary<string, TensorFile> OpenShards(string indexPath, Func<string, TensorFile> open, List<TensorFile> files)
    {
        var map = ShardIndex.Read(indexPath);
        var fileOf = new Dictionary<string, TensorFile>();
        foreach (var shard in map.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var file = open(Path.Combine(Path.GetDirectoryName(indexPath)!, shard));
            files.Add(file);
            foreach (var name in file.Tensors.Keys)
                if (!fileOf.TryAdd(name, file))
                    throw new UserErrorException($"{file.FilePath}: tensor {name} is also in {Path.GetFileName(fileOf[name].FilePath)}");
        }
        var absent = map
            .Where(entry => !fileOf.TryGetValue(entry.Key, out var file) || Path.GetFileName(file.FilePath) != entry.Value).ToList();
        if (absent.Count > 0)
            throw new UserErrorException($"{indexPath}: {absent.Count} tensors are not in the shard the index names: " +
                string.Join(", ", absent.Select(entry => $"{entry.Key} ({entry.Value})")));
        return fileOf;
    }

    ScalarType? TypeOf(string key)
    {
        if (!Config.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{ConfigPath}: {key}: expected a text such as \"bfloat16\", got {JsonBinding.Shown(value)}");
        return value.GetString()!.Replace("torch.", "") switch
        {
            "float32" or "float" => ScalarType.Float32,
            "bfloat16" => ScalarType.BFloat16,
            "float16" or "half" => ScalarType.Float16,
            "float64" or "double" => ScalarType.Float64,
            "auto" => null,
            var other => throw new UserErrorException($"{ConfigPath}: {key} is \"{TerminalText.Short(other)}\"; " +
                "known are float32, bfloat16, float16, float64"),
        };
    }
}
