using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Bench;

/// <summary>The shape of the model that is measured, how much of it there is, and where it computes.</summary>
/// <param name="Layers">The number of layers; null: all that the shape has.</param>
/// <param name="Format">The form in which the layers' weights are kept; null: as plain numbers of <paramref name="Type"/>.</param>
sealed record BenchModel(string Shape, int? Layers, ScalarType Type, Device Device, WeightFormat? Format = null)
{
    const string Tiny = "tiny";

    static readonly Dictionary<string, JsonElement> Shapes = new()
    {
        [Tiny] = JsonSerializer.Deserialize<JsonElement>("""
            {"model_type":"qwen2","hidden_size":64,"intermediate_size":160,"num_hidden_layers":2,
             "num_attention_heads":4,"num_key_value_heads":2,"vocab_size":1024}
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

    public static readonly IReadOnlyDictionary<string, ScalarType> KnownTypes = new Dictionary<string, ScalarType>
    {
        ["bf16"] = ScalarType.BFloat16,
        ["fp16"] = ScalarType.Float16,
        ["fp32"] = ScalarType.Float32,
    };

    public static readonly IReadOnlyDictionary<string, WeightFormat?> KnownFormats = new Dictionary<string, WeightFormat?>
    {
        ["none"] = null,
        ["int8"] = WeightFormat.Int8,
        ["nf4"] = WeightFormat.Nf4,
        ["fp8"] = WeightFormat.Fp8,
    };

    /// <summary>A tiny shape is there to try a command; its numbers mean nothing.</summary>
    public bool IsTiny => Shape == Tiny;

    /// <summary>The shape as a checkpoint's config.json says it.</summary>
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

    /// <summary>The number of weights in the layers' matrices: a token is multiplied with all of them, and with the head.</summary>
    public long LinearWeights()
    {
        using var model = ModelFamily.Of(Config).Create(Config, Placement.Meta);
        return model.named_parameters().Where(p => p.parameter.dim() == 2 && p.name.Contains(".layers.")).Sum(p => p.parameter.numel());
    }

    /// <param name="isTrained">Whether gradients will go through the weights, to adapters.</param>
    public CausalLanguageModel Create(bool isTrained) => RandomModel.Create(Config, new(Type, Device), seed: 1, Format, isTrained);

    /// <summary>Attaches adapters of rank 8 to every linear layer, as the settings in config/ do.</summary>
    public static LoraAdapters Attach(CausalLanguageModel model) =>
        LoraAdapters.Attach(model, Adapter, seed: 1);

    /// <summary>An adapter of rank 8 on every linear layer.</summary>
    public static readonly LoraSettings Adapter = new(8, 16, 0, false, [LoraSettings.AllLinears]);
}
