using FinIntent.Checkpoints;

namespace FinIntent.Models;

/// <summary>Tells a head of its own in weights whose config.json says that the head is the embedding table (tie_word_embeddings).</summary>
/// <remarks>transformers 5 does the same: where both are in the file and differ, it ties nothing and warns; an equal copy is left
/// out.</remarks>
static class TiedHead
{
    public const string Name = "lm_head.weight";

    const string Key = "tie_word_embeddings", Embedding = "model.embed_tokens.weight";
    const int BlockBytes = 1 << 20;

    public static bool IsTied(JsonElement config) => config.TryGetProperty(Key, out var tied) && tied.ValueKind == JsonValueKind.True;

    /// <summary>Says whether the config ties a head that the weights have, and have otherwise than the embedding.</summary>
    /// <remarks>It reads both tables up to the first difference; most checkpoints hold only one of them.</remarks>
    public static bool IsSeparate(Checkpoint checkpoint) => IsTied(checkpoint.Config)
        && checkpoint.Tensors.TryGetValue(Name, out var head) && checkpoint.Tensors.TryGetValue(Embedding, out var table)
        && !IsSame(checkpoint, head, table);

    /// <summary>Returns a config in which nothing is tied.</summary>
    public static JsonElement Untied(JsonElement config)
    {
        var changed = JsonObject.Create(config)!.DeepClone().AsObject();
        changed[Key] = false;
        return JsonSerializer.SerializeToElement(changed);
    }

    /// <summary>Returns what to warn of.</summary>
    public static string Warning(Checkpoint checkpoint) => $"{checkpoint.ConfigPath}: {Key} is true, but the weights have a {Name} that " +
        $"differs from {Embedding}; it is used, as transformers 5 does; set {Key} to false, so that other programs use it, too";

    static bool IsSame(Checkpoint checkpoint, StoredTensor head, StoredTensor table)
    {
        if (!head.Shape.SequenceEqual(table.Shape) || head.Type != table.Type || head.Length != table.Length) return false;
        // A pickle names one storage twice.
        if (head.Offset == table.Offset && checkpoint.FileNumber(Name) == checkpoint.FileNumber(Embedding)) return true;
        if (!head.IsContiguous || !table.IsContiguous)
        {
            using Tensor a = checkpoint.Read(Name), b = checkpoint.Read(Embedding);
            return a.equal(b).all().item<bool>();
        }
        byte[] left = new byte[BlockBytes], right = new byte[BlockBytes];
        for (var at = 0L; at < head.Length; at += BlockBytes)
        {
            var count = (int)Math.Min(BlockBytes, head.Length - at);
            checkpoint.ReadBytes(Name, at, left.AsSpan(0, count));
            checkpoint.ReadBytes(Embedding, at, right.AsSpan(0, count));
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count))) return false;
        }
        return true;
    }
}
