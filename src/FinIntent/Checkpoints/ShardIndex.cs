using FinIntent.Files;

namespace FinIntent.Checkpoints;

/// <summary>Reads the weight_map of a model.safetensors.index.json or pytorch_model.bin.index.json: tensor name → file beside it.</summary>
static class ShardIndex
{
    /// <exception cref="UserErrorException">The index is malformed, or shards it names are missing.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var map = ReadMap(path);
        var folder = Path.GetDirectoryName(path)!;
        var shards = map.Values.Distinct().Order(StringComparer.Ordinal).ToList();
        var missing = shards.Where(name => !File.Exists(Path.Combine(folder, name))).ToList();
        if (missing.Count > 0)
            throw new UserErrorException($"{folder}: {missing.Count} of {shards.Count} shards that {Path.GetFileName(path)} names " +
                $"are missing: {string.Join(", ", missing)}; download them into this folder");
        return map;
    }

    /// <summary>Reads the same without asking whether the shards exist.</summary>
    public static IReadOnlyDictionary<string, string> ReadMap(string path)
    {
        using var json = JsonFile.Read(path);
        if (!JsonFile.Object(json.RootElement, path).TryGetProperty("weight_map", out var entries))
            throw new UserErrorException($"{path}: the key \"weight_map\" is missing; download the file again");
        if (entries.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{path}: weight_map: expected an object, got {JsonBinding.Shown(entries)}");
        var map = new Dictionary<string, string>();
        foreach (var entry in entries.EnumerateObject())
        {
            var file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            // It must be a name, never a way out of the folder.
            if (file is "" or "." or ".." || file.AsSpan().ContainsAny('/', '\\', ':') || !map.TryAdd(entry.Name, file))
                throw new UserErrorException($"{path}: weight_map: \"{TerminalText.Short(entry.Name)}\" must name a file " +
                    $"beside the index; it says {JsonBinding.Shown(entry.Value)}");
        }
        return map;
    }
}
