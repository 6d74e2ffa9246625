using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using FinIntent.Files;
using FinIntent.Runtime;

namespace FinIntent.Checkpoints;

/// <summary>Describes a tensor to write: what the header says of it, and how to make it. The writer disposes what it makes.</summary>
sealed record OutgoingTensor(string Name, ScalarType Type, IReadOnlyList<long> Shape, Func<Tensor> Make)
{
    /// <summary>Describes a tensor that stays the caller's.</summary>
    public OutgoingTensor(string name, Tensor tensor) : this(name, tensor.dtype, tensor.shape, tensor.alias) { }

    internal long Bytes => Shape.Aggregate((long)ElementTypes.BytesOf(Type), (product, size) => product * size);
}

/// <summary>Writes safetensors files atomically; it makes, moves to the CPU and converts one tensor at a time.</summary>
static partial class SafetensorsWriter
{
    public const string SingleName = "model.safetensors";
    public const string IndexName = "model.safetensors.index.json";

    [OverloadResolutionPriority(1)]
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors.Select(t => new OutgoingTensor(t.Key, t.Value)), metadata);

    public static void Write(string path, IEnumerable<OutgoingTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => WriteTo(stream, [.. tensors], metadata));

    [OverloadResolutionPriority(1)]
    public static void WriteSharded(string folder, IEnumerable<KeyValuePair<string, Tensor>> tensors, long maxShardBytes) =>
        WriteSharded(folder, tensors.Select(t => new OutgoingTensor(t.Key, t.Value)), maxShardBytes);

    /// <summary>Writes model.safetensors when all fit in one shard, else model-0000X-of-0000N.safetensors with an index.</summary>
    /// <remarks>Nothing in the folder changes before every shard is on disk; then its earlier weight files are deleted.</remarks>
    public static void WriteSharded(string folder, IEnumerable<OutgoingTensor> tensors, long maxShardBytes)
    {
        var shards = Split(tensors, maxShardBytes);
        var names = shards.Count == 1
            ? [SingleName]
            : Enumerable.Range(1, shards.Count).Select(i => $"model-{i:D5}-of-{shards.Count:D5}.safetensors").ToList();
        var files = new List<AtomicFile>();
        try
        {
            foreach (var (name, shard) in names.Zip(shards))
            {
                files.Add(AtomicFile.Begin(Path.Combine(folder, name)));
                WriteTo(files[^1].Stream, shard, null);
                files[^1].Flush();
            }
            files.ForEach(file => file.Commit());
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
        if (shards.Count > 1) WriteIndex(folder, names, shards);
        DeleteOtherWeights(folder, shards.Count > 1 ? [.. names, IndexName] : names);
    }

    static List<List<OutgoingTensor>> Split(IEnumerable<OutgoingTensor> tensors, long maxShardBytes)
    {
        var shards = new List<List<OutgoingTensor>> { new() };
        var bytes = 0L;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes + tensor.Bytes > maxShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.Bytes;
        }
        return shards;
    }

    static void WriteIndex(string folder, IReadOnlyList<string> names, IReadOnlyList<IReadOnlyList<OutgoingTensor>> shards)
    {
        var map = new JsonObject();
        var placed = names.Zip(shards).SelectMany(pair => pair.Second, (pair, tensor) => (tensor.Name, File: pair.First));
        foreach (var (name, file) in placed.OrderBy(p => p.Name, StringComparer.Ordinal)) map.Add(name, file);
        var totalBytes = shards.Sum(shard => shard.Sum(tensor => tensor.Bytes));
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = totalBytes }, ["weight_map"] = map };
        JsonFile.Write(Path.Combine(folder, IndexName), index);
    }

    static void DeleteOtherWeights(string folder, IReadOnlyCollection<string> kept)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "model*").ToList())
        {
            var name = Path.GetFileName(file);
            if (!kept.Contains(name) && (name is SingleName or IndexName || ShardName().IsMatch(name))) File.Delete(file);
        }
    }

    [GeneratedRegex(@"^model-\d+-of-\d+\.safetensors$")]
    private static partial Regex ShardName();

    static void WriteTo(Stream stream, IReadOnlyList<OutgoingTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        // The widest types come first, so that every tensor starts at a multiple of its element size.
        var ordered = tensors.OrderByDescending(t => ElementTypes.BytesOf(t.Type)).ToList();
        stream.Write(Header(ordered, metadata ?? new Dictionary<string, string> { ["format"] = "pt" }));
        foreach (var tensor in ordered) WriteData(stream, tensor);
    }

    static byte[] Header(IEnumerable<OutgoingTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var begin = 0L;
            var names = new HashSet<string> { "__metadata__" };
            json.WriteStartObject();
            json.WritePropertyName("__metadata__");
            JsonSerializer.Serialize(json, metadata);
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"two tensors are named {tensor.Name}", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", ElementTypes.NameOf(tensor.Type));
                json.WritePropertyName("shape");
                JsonSerializer.Serialize(json, tensor.Shape);
                json.WritePropertyName("data_offsets");
                JsonSerializer.Serialize<long[]>(json, [begin, begin += tensor.Bytes]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - 8));
        return bytes;
    }

    static unsafe void WriteData(Stream stream, OutgoingTensor outgoing)
    {
        using var made = outgoing.Make();
        if (!outgoing.Shape.SequenceEqual(made.shape))
            throw new InvalidOperationException($"{outgoing.Name} was announced as [{string.Join(", ", outgoing.Shape)}] but is " +
                $"[{string.Join(", ", made.shape)}]");
        using var noGradient = no_grad();
        using var typed = made.to(outgoing.Type, CPU);
        using var tensor = typed.contiguous();
        var memory = TensorMemory.PointerOf(tensor);
        for (long at = 0, bytes = outgoing.Bytes; at < bytes;)
        {
            var part = (int)Math.Min(1 << 24, bytes - at);
            stream.Write(new ReadOnlySpan<byte>(memory + at, part));
            at += part;
        }
    }
}
