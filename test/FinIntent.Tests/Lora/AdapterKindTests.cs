using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Lora;

/// <summary>Adapters as PEFT, Unsloth and ms-swift leave them: each loads, or is refused in words of its own.</summary>
public sealed class AdapterKindTests : IDisposable
{
    const string Prefix = "base_model.model.";
    const string Query = Prefix + "model.layers.0.self_attn.q_proj.lora_A.weight";

    readonly ParityFixture _fixture = ParityFixture.Open("qwen2");
    readonly TemporaryFolder _folder = new();
    readonly JsonObject _config;
    readonly Dictionary<string, Tensor> _tensors;

    public AdapterKindTests()
    {
        _config = JsonNode.Parse(File.ReadAllText(Path.Combine(_fixture.FinalAdapter, "adapter_config.json")))!.AsObject();
        using var file = SafetensorsFile.Open(Path.Combine(_fixture.FinalAdapter, "adapter_model.safetensors"));
        _tensors = file.Tensors.Keys.ToDictionary(name => name, file.Read);
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _fixture.Dispose();
        _folder.Dispose();
    }

    void Write(Func<string, string>? rename = null)
    {
        _folder.Write("adapter_config.json", _config.ToJsonString());
        SafetensorsWriter.Write(
            _folder["adapter_model.safetensors"], _tensors.ToDictionary(t => rename?.Invoke(t.Key) ?? t.Key, t => t.Value));
    }

    string Error(string? model = null)
    {
        using var loaded = PretrainedModel.Load(model ?? _fixture.Folder, Placement.Cpu());
        return Assert.Throws<UserErrorException>(() => LoraAdapters.Load(loaded, _folder.Path).Dispose()).Message;
    }

    /// <summary>The adapted logits are PEFT's; the merged checkpoint's tensors are named likewise.</summary>
    void AssertLoads()
    {
        using var _ = no_grad();
        using var model = _fixture.Model();
        using var adapters = LoraAdapters.Load(model, _folder.Path);
        using var expected = _fixture.Expected("lora_logits.1");
        using var batch = TokenBatch.All([_fixture.Sequences[1]], CPU);
        using var actual = model.forward(batch);
        TensorAssert.Close(expected, actual, 1e-4, "lora_logits.1");
        using var checkpoint = Checkpoint.Open(_fixture.Folder);
        using var merged = new MergedCheckpoint(checkpoint, [_folder.Path]);
        Assert.Equal(checkpoint.Tensors.Count, merged.Tensors(null).Count());
    }

    [Fact]
    public void Names_that_keep_the_adapters_own_name_mean_the_same()
    {
        Write(name => name.Replace(".weight", ".default.weight"));

        AssertLoads();
    }

    [Fact]
    public void Names_without_their_first_words_mean_the_same()
    {
        Write(name => name[Prefix.Length..]);

        AssertLoads();
    }

    [Theory]
    [InlineData("\"^(?P<layer>model(?=\\\\.).*\\\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj))$\"")]
    [InlineData("\"all-linear\"")]
    public void A_regular_expression_of_targets_is_read_as_Pythons(string targets)
    {
        _config["target_modules"] = JsonNode.Parse(targets);
        Write();

        AssertLoads();
    }

    [Theory]
    [InlineData("exclude_modules", "[\"q_proj\"]", "self_attn.q_proj")]
    [InlineData("exclude_modules", "\".*layers\\\\.0\\\\.mlp.*\"", "layers.0.mlp")]
    [InlineData("layers_to_transform", "[0]", "layers.1.")]
    [InlineData("layers_to_transform", "1", "layers.0.")]
    public void What_leaves_modules_out_leaves_their_tensors_out(string key, string value, string without)
    {
        _config[key] = JsonNode.Parse(value);
        if (key == "layers_to_transform" && value == "1") _config["layers_pattern"] = "layers";
        var before = _tensors.Count;
        foreach (var name in _tensors.Keys.Where(name => name.Contains(without, StringComparison.Ordinal)).ToList())
        {
            _tensors[name].Dispose();
            _tensors.Remove(name);
        }
        Write();

        using var model = _fixture.Model();
        using var adapters = LoraAdapters.Load(model, _folder.Path);

        Assert.True(_tensors.Count < before);
        Assert.Equal(_tensors.Keys.Order(), adapters.Parameters.Select(p => p.Name).Order());
        adapters.Save(_folder["again"], "base"); // the modules' own names say it all
        using var second = _fixture.Model();
        using var again = LoraAdapters.Load(second, _folder["again"]);
        Assert.Equal(_tensors.Keys.Order(), again.Parameters.Select(p => p.Name).Order());
    }

    [Fact]
    public void Names_of_modules_that_the_model_lacks_are_no_matter_while_the_file_has_none_of_them()
    {
        _config["target_modules"]!.AsArray().Add("qkv_proj");
        Write();

        AssertLoads();
    }

    [Theory]
    [InlineData("task_type", "\"SEQ_CLS\"", "task_type is SEQ_CLS: the adapter belongs to a head that classifies")]
    [InlineData("peft_type", "\"IA3\"", "peft_type is \"IA3\"; only LORA is read here")]
    [InlineData("r", "4.5", "r: expected a whole number up to 2147483647, got 4.5")]
    [InlineData("r", "0", "r is 0; expected a whole number from 1 to 32768")]
    [InlineData("r", "2000000000", "r is 2000000000; expected a whole number from 1 to 32768")]
    [InlineData("r", "\"4\"", "r: expected a whole number up to 2147483647, got \"4\"")]
    [InlineData("lora_alpha", "[]", "lora_alpha: expected a number, got a list")]
    [InlineData("lora_dropout", "1", "lora_dropout is 1; expected a number from 0 to below 1")]
    [InlineData("use_rslora", "1", "use_rslora: expected true or false, got 1")]
    [InlineData("target_modules", "null", "target_modules is missing")]
    [InlineData("target_modules", "7", "target_modules: expected a list of names or a regular expression, got 7")]
    [InlineData("target_modules", "[1]", "target_modules: expected names, got 1")]
    [InlineData("target_modules", "\"(q_proj\"", "target_modules: \"(q_proj\" is no regular expression that is read here")]
    [InlineData("target_modules", "\"(a|a?)+b\"", "target_modules names no linear layer of this model")]
    [InlineData("rank_pattern", "{\"q_proj\": \"x\"}", "rank_pattern.q_proj: expected a whole number up to 2147483647, got \"x\"")]
    [InlineData("rank_pattern", "{\"q_proj\": -1}", "rank_pattern.q_proj is -1; expected a whole number from 1 to 32768")]
    [InlineData("rank_pattern", "{\"q_proj\": 2}", "is not the rank that adapter_config.json names, 2")]
    [InlineData("alpha_pattern", "{\"[\": 2}", "alpha_pattern: \"^(.*\\.)?([)$\" is no regular expression")]
    [InlineData("layers_to_transform", "\"0\"", "layers_to_transform: expected a number of a layer or a list of them, got \"0\"")]
    [InlineData("exclude_modules", "{}", "exclude_modules: expected a text or a list of texts, got an object")]
    [InlineData("init_lora_weights", "3", "init_lora_weights: expected true, false or a text, got 3")]
    [InlineData("use_dora", "true", "use_dora is true, which is not computed here; merge it into its base with PEFT")]
    [InlineData("modules_to_save", "[\n  \"lm_head\"\n]", "modules_to_save is [\"lm_head\"], which is not computed here")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save is [\"lm_head\"], which is not computed here; merge it into its base")]
    public void A_wrong_value_of_the_config_is_named_with_its_key(string key, string value, string message)
    {
        _config[key] = JsonNode.Parse(value);
        Write();

        Assert.Contains(message, Error());
        Assert.Contains(_folder.Path, Error());
    }

    [Theory]
    [InlineData("model.embed_tokens.weight", "it holds whole weights besides its factors, base_model.model.model.embed_tokens.weight")]
    [InlineData("model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight", "is DoRA's, which is not computed here")]
    [InlineData("model.embed_tokens.lora_embedding_A", "is LoRA on an embedding, which is not computed here")]
    [InlineData("model.layers.0.self_attn.q_proj.lora_B.bias", "is a bias of LoRA, which is not computed here")]
    [InlineData("model.layers.7.self_attn.q_proj.lora_A.weight", "the model has no linear layer model.layers.7.self_attn.q_proj\n"
        + "use the base model the adapter was trained on")]
    [InlineData("lm_head.lora_A.weight", "target_modules in adapter_config.json does not name it")]
    public void What_a_file_holds_besides_is_named(string name, string message)
    {
        _tensors[Prefix + name] = ones(4, 48);
        Write();

        Assert.Contains(message, Error());
        Assert.Equal(message.Contains("use the base"), Error().Contains("use the base"));
    }

    [Fact]
    public void An_adapter_saved_in_parts_or_not_at_all_is_told()
    {
        _tensors[Query].Dispose();
        _tensors[Query] = empty(0);
        Write();
        Assert.Contains("saved under DeepSpeed ZeRO-3 without gathering", Error());

        _tensors.Clear();
        Write();
        Assert.Contains("there are no tensors in it", Error());
    }

    [Fact]
    public void A_factor_of_another_width_is_another_bases_and_of_another_rank_is_not()
    {
        _tensors[Query].Dispose();
        _tensors[Query] = ones(4, 96);
        Write();
        Assert.Contains("is [4, 96], the model needs [4, 48]\nuse the base model the adapter was trained on", Error());

        _tensors[Query] = ones(3, 48);
        Write();
        Assert.EndsWith("is [3, 48], which is not the rank that adapter_config.json names, 4", Error());
    }

    [Theory]
    [InlineData("[\"lm_head\"]")]
    [InlineData("[\"q_proj\", \"lm_head\"]")]
    public void LoRA_on_a_tied_head_is_refused_as_such(string targets)
    {
        _config["target_modules"] = JsonNode.Parse(targets);
        foreach (var name in _tensors.Keys.Where(name => !name.Contains("q_proj")).ToList()) _tensors.Remove(name);
        (_tensors[Prefix + "lm_head.lora_A.weight"], _tensors[Prefix + "lm_head.lora_B.weight"]) = (ones(4, 48), ones(47, 4));
        Write();

        Assert.Contains("lm_head is the embedding table (tie_word_embeddings), on which LoRA is not computed here", Error(TiedFolder));
        Assert.Contains(_folder.Path, Error(TiedFolder));
        Assert.DoesNotContain("lora_target", Error(TiedFolder));
    }

    static string TiedFolder => Reference.Path("fixtures/qwen2_tied");

    [Fact]
    public void LoRA_on_a_head_of_its_own_is_computed()
    {
        _config["target_modules"]!.AsArray().Add("lm_head");
        (_tensors[Prefix + "lm_head.lora_A.weight"], _tensors[Prefix + "lm_head.lora_B.weight"]) = (ones(4, 48), zeros(47, 4));
        Write();

        AssertLoads();
    }
}
