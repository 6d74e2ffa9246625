using FinIntent.Checkpoints;
using FinIntent.Files;

namespace FinIntent.Models;

/// <summary>Compares the sizes that config.json names with the shapes of the weights, before a model of these sizes is made.</summary>
static partial class CheckpointSizes
{
    /// <summary>The keys of the sizes, in the two spellings that the families have.</summary>
    static readonly (string[] Keys, string[] Endings, int Dimension)[] Sizes =
    [
        (["vocab_size", "padded_vocab_size"], ["embed_tokens.weight", "word_embeddings.weight"], 0),
        (["hidden_size"], ["embed_tokens.weight", "word_embeddings.weight"], 1),
        (["intermediate_size", "ffn_hidden_size"], [".0.mlp.down_proj.weight", ".0.mlp.dense_4h_to_h.weight"], 1),
    ];

    /// <exception cref="UserErrorException">They differ: the message names key, value and the tensor with its shape.</exception>
    public static void Check(Checkpoint checkpoint, ModelConfig config)
    {
        var isGlm = config.Text("model_type") == "chatglm";
        foreach (var (keys, endings, dimension) in Sizes)
        {
            var key = isGlm ? keys[^1] : keys[0];
            var (name, stored) = checkpoint.Tensors.FirstOrDefault(t =>
                t.Value.Shape.Count == 2 && endings.Any(ending => t.Key.EndsWith(ending, StringComparison.Ordinal)));
            if (name is null || Number(config, key) is not { } size || size == stored.Shape[dimension]) continue;
            throw new UserErrorException($"{config.File}: {key} is {JsonBinding.Shown(config.Json.GetProperty(key))}, but {name} is " +
                $"[{string.Join(", ", stored.Shape)}] in {checkpoint.Folder}; config.json and the weights are not of the same model");
        }
        CompareLayers(checkpoint, config, isGlm ? "num_layers" : "num_hidden_layers");
    }

    static void CompareLayers(Checkpoint checkpoint, ModelConfig config, string key)
    {
        var layers = checkpoint.Tensors.Keys.Select(name => Layer().Match(name)).Where(match => match.Success)
            .Select(match => int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var layer) ? layer : 0)
            .DefaultIfEmpty(-1).Max() + 1;
        if (layers == 0 || Number(config, key) is not { } wanted || wanted == layers) return;
        throw new UserErrorException($"{config.File}: {key} is {JsonBinding.Shown(config.Json.GetProperty(key))}, but the weights in " +
            $"{checkpoint.Folder} have {layers} layers; config.json and the weights are not of the same model, or some of the weights " +
            "are not there");
    }

    static double? Number(ModelConfig config, string key) =>
        config.Json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            ? number : null;

    [GeneratedRegex(@"\.layers\.(\d+)\.")]
    private static partial Regex Layer();
}
