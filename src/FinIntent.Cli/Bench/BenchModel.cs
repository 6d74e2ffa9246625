using System.Text.Json;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.Cli.Bench;

/// <summary>Whose shape is measured, and how much of it.</summary>
/// <param name="Format">How the layers' weights are kept; null: plain.</param>
sealed record BenchModel(string Shape, int? Layers, ScalarType Type, WeightFormat? Format = null)
{
    const string Tiny = "tiny";

    static readonly Dictionary<string, JsonElement> Shapes = new()
    {
        [Tiny] = JsonSerializer.Deserialize<JsonElement>("""
            {"model_type":"qwen2","hidden_size":64,"intermediate_size":160,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":1024}
            """),
        ["qwen2.5-0.5b"] = Published("qwen2.5-0.5b-instruct"),
        ["qwen2.5-7b"] = Published("qwen2.5-7b-instruct"),
        ["qwen3-8b"] = Published("qwen3-8b"),
        ["llama3-8b"] = Published("llama-3-8b-instruct"),
        ["chatglm3-6b"] = Published("chatglm3-6b"),
        ["baichuan2-7b"] = Published("baichuan2-7b-chat"),
    };

    static JsonElement Published(string name) => KnownModels.Find(name)!.Value;

    public static IReadOnlyCollection<string> KnownShapes => Shapes.Keys;

    /// <summary>To try a command: no number of it means anything.</summary>
    public bool IsTiny => Shape == Tiny;

    public Device Device { get; } = Devices.Default;

    /// <summary>As a checkpoint's config.json.</summary>
    public JsonElement Config
    {
        get
        {
            var fields = Shapes[Shape].Deserialize<Dictionary<string, JsonElement>>()!;
            if (Layers is { } layers)
                fields[fields.ContainsKey("num_layers") ? "num_layers" : "num_hidden_layers"] = JsonSerializer.SerializeToElement(layers);
            return JsonSerializer.SerializeToElement(fields);
        }
    }

    /// <summary>Weights of the layers' matrices: what a token is multiplied with, apart from the head.</summary>
    public long LinearWeights()
    {
        using var model = ModelFamily.Of(Config).Create(Config, Placement.Meta);
        return model.named_parameters().Where(p => p.parameter.dim() == 2 && p.name.Contains(".layers.")).Sum(p => p.parameter.numel());
    }

    /// <param name="isTrained">Gradients will go through the weights, to adapters.</param>
    public CausalLanguageModel Create(bool isTrained) => RandomModel.Create(Config, new(Type, Device), seed: 1, Format, isTrained);

    /// <summary>The seed's adapters: rank 8 on every linear layer.</summary>
    public static LoraAdapters Attach(CausalLanguageModel model) => LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
}
