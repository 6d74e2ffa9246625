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
        var sources = checkpoint.Tensors.Keys.Where(name => ignored is null || !ignored.Any(ending => EndsWith(name, ending)))
            .ToDictionary(name => rename?.Invoke(name) ?? name);
        Compare(checkpoint, targets, sources);

        using var noGradient = no_grad();
        checkpoint.CopyTo(sources.Select(s => (s.Value, targets[s.Key])).Where(s => s.Item2.device_type != DeviceType.META));
        if (adapt is null) return;
        foreach (var place in sources.Keys) adapt(place, targets[place]);
    }

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
        message.Append("\nremedy: use the config.json and the weights of one and the same download");
        throw new UserErrorException(message.ToString());

        string ShapeOf(string source) => Show(checkpoint.Tensors[source].Shape);
        void Add(string what, List<string> lines)
        {
            if (lines.Count == 0) return;
            message.Append($"\n{lines.Count} {(lines.Count == 1 ? "tensor" : "tensors")} {what}:");
            foreach (var line in lines.Order(StringComparer.Ordinal)) message.Append("\n  ").Append(line);
        }
    }

    static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
