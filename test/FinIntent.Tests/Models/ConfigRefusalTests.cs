using System.Diagnostics;
using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Models;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Models;

/// <summary>A config.json with one wrong value: the message names the file, the key and the value.</summary>
public sealed class ConfigRefusalTests : IDisposable
{
    ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("model_type", "3", "model_type: expected a text, got 3")]
    [InlineData("model_type", null, "there is no model_type; known are qwen2")]
    [InlineData("model_type", "\"gpt_neox\"", "model_type is \"gpt_neox\"; known are qwen2")]
    [InlineData("vocab_size", "-7", "vocab_size is -7, but model.embed_tokens.weight is [47, 48] in MODEL")]
    [InlineData("vocab_size", "70000000000", "vocab_size is 70000000000, but model.embed_tokens.weight is [47, 48]")]
    [InlineData("vocab_size", "4000000", "vocab_size is 4000000, but model.embed_tokens.weight is [47, 48] in MODEL")]
    [InlineData("hidden_size", "0", "hidden_size is 0, but model.embed_tokens.weight is [47, 48] in MODEL")]
    [InlineData("hidden_size", "96", "hidden_size is 96, but model.embed_tokens.weight is [47, 48] in MODEL")]
    [InlineData("intermediate_size", "9000000000000000000", "intermediate_size is 9000000000000000000, but model.layers.0.mlp.down_proj")]
    [InlineData("intermediate_size", "33", "intermediate_size is 33, but model.layers.0.mlp.down_proj.weight is [48, 32] in MODEL")]
    [InlineData("num_hidden_layers", "1900000000", "num_hidden_layers is 1900000000, but the weights in MODEL have 2 layers")]
    [InlineData("num_hidden_layers", "0", "num_hidden_layers is 0")]
    [InlineData("num_hidden_layers", "3", "num_hidden_layers is 3, but the weights in MODEL have 2 layers")]
    [InlineData("num_hidden_layers", "1", "num_hidden_layers is 1, but the weights in MODEL have 2 layers")]
    [InlineData("num_hidden_layers", "null", "num_hidden_layers: expected a whole number up to 2147483647, got null")]
    [InlineData("num_hidden_layers", null, "the key \"num_hidden_layers\" is missing")]
    [InlineData("num_attention_heads", "0", "num_attention_heads is 0")]
    [InlineData("num_attention_heads", "5", "num_key_value_heads is 2, which does not divide num_attention_heads, 5")]
    [InlineData("num_key_value_heads", "0", "num_key_value_heads is 0")]
    [InlineData("num_key_value_heads", "4", "num_key_value_heads is 4, which does not divide num_attention_heads, 6")]
    [InlineData("head_dim", "-4", "head_dim is -4")]
    [InlineData("head_dim", "7", "head_dim is 7; rotary positions need an even number")]
    [InlineData("max_position_embeddings", "-1", "max_position_embeddings is -1")]
    [InlineData("rms_norm_eps", "null", "rms_norm_eps: expected a number, got null")]
    [InlineData("rms_norm_eps", "\"small\"", "rms_norm_eps: expected a number, got \"small\"")]
    [InlineData("rms_norm_eps", "1e999", "rms_norm_eps is 1e999; expected a number from 0 to 1")]
    [InlineData("rope_theta", "0", "rope_theta is 0; expected a number from 1")]
    [InlineData("rope_theta", "[]", "rope_theta: expected a number, got a list")]
    [InlineData("rope_scaling", "7", "rope_scaling: expected an object, got 7")]
    [InlineData("rope_scaling", "{\"rope_type\": 7}", "rope_scaling: rope_type: expected a text, got 7")]
    [InlineData("rope_parameters", "{\"rope_theta\": -1}", "rope_parameters.rope_theta is -1")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor is 0.5; only 1 is computed here")]
    [InlineData("layer_types", "7", "layer_types: expected a list, got 7")]
    [InlineData("layer_types", "[\"linear_attention\"]", "layer_types has \"linear_attention\"")]
    [InlineData("tie_word_embeddings", "\"x\"", "tie_word_embeddings: expected true or false, got \"x\"")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act is \"gelu\"; only \"silu\" is computed here")]
    [InlineData("hidden_act", "null", "hidden_act: expected a text, got null")]
    [InlineData("quantization_config", "\"gptq\"", "quantization_config: expected an object, got \"gptq\"")]
    [InlineData("quantization_config", "{\"quant_method\": 4}", "quantization_config.quant_method: expected a text, got 4")]
    public void A_wrong_value_is_named_with_its_key(string key, string? json, string message)
    {
        _model.Set(key, json);

        Assert.Contains($"MODEL/config.json: {message}", _model.Error().Replace('\\', '/'));
    }

    /// <summary>Without weights to compare with, as of a hub's model that is not here yet.</summary>
    [Theory]
    [InlineData("vocab_size", "-7", "vocab_size is -7; expected a number from 1 to 4194304")]
    [InlineData("vocab_size", "70000000000", "vocab_size: expected a whole number up to 2147483647, got 70000000000")]
    [InlineData("hidden_size", "0", "hidden_size is 0; expected a number from 1 to 131072")]
    [InlineData("num_hidden_layers", "1900000000", "num_hidden_layers is 1900000000; expected a number from 1 to 1000")]
    [InlineData("intermediate_size", "9000000000000000000", "intermediate_size: expected a whole number")]
    public void A_size_beyond_any_models_is_refused_before_a_model_of_it_is_made(string key, string json, string message)
    {
        _model.Set(key, json);
        var config = Checkpoint.ReadConfig(_model.Path);

        var error = Assert.Throws<UserErrorException>(() => ModelFamily.Of(config).Create(config, Placement.Meta));

        Assert.StartsWith($"config.json: {message}", error.Message);
    }

    [Theory]
    [InlineData("torch_dtype", "\"int8\"", "torch_dtype is \"int8\"; known are")]
    [InlineData("torch_dtype", "5", "torch_dtype: expected a text such as \"bfloat16\", got 5")]
    [InlineData("dtype", "\"bfloat16\"", "torch_dtype is float32 and dtype bfloat16; keep the one that is meant")]
    public void A_type_is_read_in_both_spellings_and_told_where_they_differ(string key, string json, string message)
    {
        _model.Set(key, json);

        using var checkpoint = Checkpoint.Open(_model.Path);
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => checkpoint.ConfiguredType).Message);
    }

    [Theory]
    [InlineData("dtype", "\"float32\"")]
    [InlineData("dtype", "null")]
    public void The_same_type_may_be_named_twice(string key, string json)
    {
        _model.Set(key, json);

        using var checkpoint = Checkpoint.Open(_model.Path);
        Assert.Equal(torch.ScalarType.Float32, checkpoint.ConfiguredType);
    }

    [Theory]
    [InlineData("llama3", "is not computed here")]
    [InlineData("linear", "is not computed here")]
    [InlineData("dynamic", "is not computed here; it changes only texts of more than 512 tokens")]
    [InlineData("yarn", "is not computed here; Qwen's models are published without it")]
    public void A_scaling_of_rotary_positions_has_a_remedy_only_where_one_is_right(string kind, string end)
    {
        _model.Set("rope_scaling", $$"""{"type": "{{kind}}", "factor": 4.0}""");

        Assert.Contains($"rope_scaling.type is \"{kind}\"", _model.Error());
        Assert.Contains(end, _model.Error());
        if (end == "is not computed here") Assert.EndsWith(end, _model.Error());
    }

    [Fact]
    public void Rotary_parameters_by_layer_type_are_refused_and_not_left_out()
    {
        _model.Set("rope_parameters", """{"full_attention": {"rope_type": "yarn", "factor": 4.0}}""");

        Assert.EndsWith("rope_parameters is given by layer type (full_attention), which is not computed here", _model.Error());
    }

    [Theory]
    [InlineData("architectures", "[\"BaiChuanForCausalLM\"]", "architectures names BaiChuanForCausalLM, which is Baichuan 1")]
    [InlineData("vocab_size", "64000", "vocab_size is 64000, but model.embed_tokens.weight is [44, 24]")]
    [InlineData("max_position_embeddings", null, "there is no max_position_embeddings, as in the 13B models: they tell positions by ALiBi")]
    [InlineData("pad_token_id", "44", "pad_token_id is 44, and vocab_size 44")]
    public void Models_with_Baichuan2s_names_that_compute_something_else_are_told(string key, string? json, string message)
    {
        _model.Dispose();
        _model = new("baichuan");
        _model.Set(key, json);

        Assert.Contains(message, _model.Error());
    }

    [Fact]
    public void Forty_heads_are_the_13B_models_whatever_else_the_config_says()
    {
        using var config = JsonDocument.Parse("""
            {"model_type": "baichuan", "vocab_size": 50, "hidden_size": 80, "intermediate_size": 16, "num_hidden_layers": 1,
             "num_attention_heads": 40, "max_position_embeddings": 4096}
            """);

        var error = Assert.Throws<UserErrorException>(() => ModelFamily.Of(config.RootElement).Create(config.RootElement, Placement.Meta));

        Assert.Contains("num_attention_heads is 40, as in the 13B models: they tell positions by ALiBi", error.Message);
    }

    [Theory]
    [InlineData("multi_query_group_num", "4", "multi_query_group_num is 4, which does not divide num_attention_heads, 6")]
    [InlineData("kv_channels", "6", "kv_channels is 6; half of a head is rotated in pairs")]
    [InlineData("padded_vocab_size", "46", "padded_vocab_size is 46, but transformer.embedding.word_embeddings.weight is [45, 24]")]
    [InlineData("num_layers", "9", "num_layers is 9, but the weights in MODEL have 2 layers")]
    [InlineData("rope_ratio", "50", "rope_ratio is 50; only 1 is computed here")]
    public void ChatGLMs_own_keys_are_read_with_the_same_care(string key, string json, string message)
    {
        _model.Dispose();
        _model = new("chatglm");
        _model.Set(key, json);

        Assert.Contains(message, _model.Error());
    }

    /// <summary>Where no weights are there to compare with, the bounds keep what a sketch takes.</summary>
    [Fact]
    public void The_largest_config_that_is_read_takes_little_time_and_memory()
    {
        using var config = JsonDocument.Parse("""
            {"model_type": "qwen3", "vocab_size": 4194304, "hidden_size": 131072, "intermediate_size": 1048576, "num_hidden_layers": 1000,
             "num_attention_heads": 4096, "num_key_value_heads": 4096, "head_dim": 4096, "max_position_embeddings": 1073741824}
            """);
        FinIntent.Runtime.LibTorch.Load();
        var before = Environment.WorkingSet;
        var clock = Stopwatch.StartNew();

        using var model = ModelFamily.Of(config.RootElement).Create(config.RootElement, Placement.Meta);

        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 200 << 20);
    }
}
