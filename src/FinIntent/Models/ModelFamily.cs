namespace FinIntent.Models;

/// <summary>Describes a family: the model_type of its config.json, how to build it and what belongs to it.</summary>
/// <param name="Template">The chat template that its instruct checkpoints use.</param>
/// <param name="IgnoredTensors">Endings of names of checkpoint tensors that are recomputed or absent in the module tree.</param>
sealed record ModelFamily(
    string ModelType, Func<ModelConfig, Placement, CausalLanguageModel> Create, string Template, IReadOnlyList<string> IgnoredTensors)
{
    static readonly string[] Recomputed = ["rotary_emb.inv_freq"];

    /// <summary>The weights that write into the residual stream, as name endings.</summary>
    public IReadOnlyList<string> ResidualWriters { get; init; } = ["o_proj.weight", "down_proj.weight"];

    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new("qwen2", Qwen2.Create, "qwen", Recomputed),
        new("qwen3", Qwen3.Create, "qwen3", Recomputed),
        new("llama", Llama.Create, "llama3", Recomputed),
        new("chatglm", ChatGlm.Create, "chatglm3", ["rotary_pos_emb.inv_freq"])
        { ResidualWriters = ["self_attention.dense.weight", "dense_4h_to_h.weight"] },
        new("baichuan", Baichuan.Create, "baichuan2", Recomputed),
    ];

    /// <exception cref="UserErrorException">No family has that model_type.</exception>
    public static ModelFamily Of(ModelConfig config)
    {
        var type = config.Text("model_type");
        if (All.FirstOrDefault(family => family.ModelType == type) is { } known) return known;
        var found = type is null ? "there is no model_type" : $"model_type is \"{Files.TerminalText.Short(type)}\"";
        throw new UserErrorException($"{config.File}: {found}; known are {string.Join(", ", All.Select(f => f.ModelType))}");
    }
}
