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
    const string Qwen2 = "\"model_type\":\"qwen2\",\"rope_theta\":1000000.0,\"rms_norm_eps\":1e-6";

    // What each family reads of the published config.json.
    static readonly Dictionary<string, string> Shapes = new()
    {
        [Tiny] = $$"""{{{Qwen2}},"hidden_size":64,"intermediate_size":160,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":1024,"tie_word_embeddings":false}""",
        ["qwen2.5-0.5b"] = $$"""{{{Qwen2}},"hidden_size":896,"intermediate_size":4864,"num_hidden_layers":24,"num_attention_heads":14,"num_key_value_heads":2,"vocab_size":151936,"tie_word_embeddings":true}""",
        ["qwen2.5-7b"] = $$"""{{{Qwen2}},"hidden_size":3584,"intermediate_size":18944,"num_hidden_layers":28,"num_attention_heads":28,"num_key_value_heads":4,"vocab_size":152064,"tie_word_embeddings":false}""",
        ["llama3-8b"] = """{"model_type":"llama","hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":8192,"rms_norm_eps":1e-5,"rope_theta":500000.0,"tie_word_embeddings":false}""",
        ["chatglm3-6b"] = """{"model_type":"chatglm","hidden_size":4096,"ffn_hidden_size":13696,"num_layers":28,"num_attention_heads":32,"kv_channels":128,"multi_query_attention":true,"multi_query_group_num":2,"padded_vocab_size":65024,"seq_length":8192,"add_qkv_bias":true,"layernorm_epsilon":1e-5}""",
        ["baichuan2-7b"] = """{"model_type":"baichuan","hidden_size":4096,"intermediate_size":11008,"num_hidden_layers":32,"num_attention_heads":32,"vocab_size":125696,"max_position_embeddings":4096,"model_max_length":4096,"rms_norm_eps":1e-6,"tie_word_embeddings":false}""",
    };

    public static IReadOnlyCollection<string> KnownShapes => Shapes.Keys;

    /// <summary>To try a command: no number of it means anything.</summary>
    public bool IsTiny => Shape == Tiny;

    public Device Device { get; } = Devices.Default;

    /// <summary>As a checkpoint's config.json.</summary>
    public JsonElement Config
    {
        get
        {
            var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Shapes[Shape])!;
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
