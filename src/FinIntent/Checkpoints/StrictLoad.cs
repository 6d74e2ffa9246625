namespace FinIntent.Checkpoints;

/// <summary>Fills a module from a checkpoint: every tensor of each has its place in the other, or nothing is loaded.</summary>
/// <remarks>Tensors that the module has on the meta device are compared like the others, and left to the caller.</remarks>
static class StrictLoad
{
    /// <param name="ignored">Checkpoint tensors without a place, as whole names or as endings after a dot: "rotary_emb.inv_freq".</param>
    /// <param name="rename">Maps a checkpoint's name to the module's, for the few that differ.</param>
    /// <param name="adapt">Is called with each module name and filled tensor: the one place where a family may change a weight.</param>
    /// <exception cref="UserErrorException">Some tensors are missing, unexpected or mis-shaped: all are listed.</exception>
    public static void Into(nn.Module module, Checkpoint checkpoint, IReadOnlyCollection<string>? ignored = null,
        Func<string, string>? rename = null, Action<string, Tensor>? adapt = null)
    {
        var targets = module.state_dict();
        var sources = checkpoint.Tensors.Keys.Where(name => ignored is null || !IsIgnored(name, ignored))
            .ToDictionary(name => rename?.Invoke(name) ?? name);
        Compare(checkpoint, targets, sources);

        using var noGradient = no_grad();
        checkpoint.CopyTo(sources.Select(s => (s.Value, targets[s.Key])).Where(s => s.Item2.device_type != DeviceType.META));
        if (adapt is null) return;
        foreach (var place in sources.Keys) adapt(place, targets[place]);
    }

    /// <summary>Says whether a checkpoint's tensor needs no place.</summary>
    public static bool IsIgnored(string name, IReadOnlyCollection<string> ignored) => ignored.Any(ending => EndsWith(name, ending));

    static bool EndsWith(string name, string ending) =>
        name == ending || name.EndsWith("." + ending.TrimStart('*').TrimStart('.'), StringComparison.Ordinal);

    static void Compare(Checkpoint checkpoint, Dictionary<string, Tensor> targets, Dictionary<string, string> sources)
    {
        var missing = targets.Where(t => !sources.ContainsKey(t.Key)).Select(t => $"{t.Key} {Show(t.Value.shape)}").ToList();
        var unexpected = sources.Where(s => !targets.ContainsKey(s.Key)).Select(s => $"{s.Value} {ShapeOf(s.Value)}").ToList();
        var misshaped = sources
            .Where(s => targets.TryGetValue(s.Key, out var t) && !t.shape.SequenceEqual(checkpoint.Tensors[s.Value].Shape))
            .Select(s => $"{s.Value}: {ShapeOf(s.Value)} in the checkpoint, {Show(targets[s.Key].shape)} in the model").ToList();
        if (missing.Count + unexpected.Count + misshaped.Count == 0) return;

        var message = new StringBuilder($"{checkpoint.Folder}: the weights do not fit the model that config.json describes");
        Add("missing from the checkpoint", missing);
        Add("in the checkpoint but not in the model", unexpected);
        Add("of another shape", misshaped);
        if (RemedyFor(checkpoint, targets, sources, misshaped.Count) is { } remedy) message.Append($"\n{remedy}");
        throw new UserErrorException(message.ToString());

        string ShapeOf(string source) => Show(checkpoint.Tensors[source].Shape);
        void Add(string what, List<string> lines)
        {
            if (lines.Count == 0) return;
            message.Append($"\n{lines.Count} {(lines.Count == 1 ? "tensor" : "tensors")} {what}:");
            foreach (var line in lines.Order(StringComparer.Ordinal)) message.Append("\n  ").Append(line);
        }
    }

    /// <summary>Says what to do where the cause can be told from the names; null where it cannot.</summary>
    static string? RemedyFor(Checkpoint checkpoint, Dictionary<string, Tensor> targets, Dictionary<string, string> sources, int misshaped)
    {
        const string Head = "lm_head.weight";
        var missing = targets.Keys.Where(name => !sources.ContainsKey(name)).ToList();
        var unexpected = sources.Keys.Where(name => !targets.ContainsKey(name)).ToList();
        if (missing is [Head] && unexpected.Count + misshaped == 0)
            return "the weights have no head of their own: where the embedding table is the head, config.json says " +
                "tie_word_embeddings: true";
        if (unexpected.FirstOrDefault(name => name.Contains(".lora_A.", StringComparison.Ordinal)) is not null)
            return "the weights have a LoRA adapter in them that was not merged; merge it with the program that saved them";
        if (PrefixOf(targets.Keys, unexpected) is { } prefix)
            return $"the names in the checkpoint begin with \"{prefix}\", which the program that saved them put there";
        if (missing.Count > 0 && unexpected.Count + misshaped == 0)
            return $"{checkpoint.Folder} lacks a part of the weights: fetch them again, with all their files";
        return null;
    }

    /// <summary>Returns what stands before the model's own names in all that is unexpected; null where nothing does.</summary>
    static string? PrefixOf(IReadOnlyCollection<string> targets, List<string> unexpected)
    {
        if (unexpected.Count == 0) return null;
        var first = unexpected[0];
        var longest = targets.Where(name => first.EndsWith($".{name}", StringComparison.Ordinal)).MaxBy(name => name.Length);
        if (longest is null) return null;
        var prefix = first[..^longest.Length];
        return unexpected.All(name => name.StartsWith(prefix, StringComparison.Ordinal) && targets.Contains(name[prefix.Length..]))
            ? prefix : null;
    }

    static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
