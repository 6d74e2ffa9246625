using FinIntent.Checkpoints;
using FinIntent.Hub;
using FinIntent.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

/// <summary>Folders whose files are something else than plain weights, or whose head is another one than config.json says.</summary>
public sealed class CheckpointKindTests : IDisposable
{
    const string Layer = "model.layers.1.self_attn.q_proj";

    readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("qweight", ScalarType.Int32, "gptq")]
    [InlineData("weight_scale_inv", ScalarType.Float32, "fp8")]
    [InlineData("SCB", ScalarType.Float32, "bitsandbytes")]
    [InlineData("weight.quant_state.bitsandbytes__nf4", ScalarType.Byte, "bitsandbytes")]
    [InlineData("weight_packed", ScalarType.Int32, "compressed-tensors")]
    public void Quantised_weights_are_named_by_a_tensor_and_by_what_the_config_says(string part, ScalarType type, string method)
    {
        _model.Set("quantization_config", $$"""{"quant_method": "{{method}}"}""");
        _model.Tensors[$"{Layer}.{part}"] = zeros(2, 2, dtype: type);
        _model.WriteWeights();

        Assert.Contains($"{Layer}.{part} is a part of quantised weights (quantization_config says {method}), which are not read here; " +
            "use the 16-bit model", _model.Error());
    }

    [Theory]
    [InlineData(ScalarType.Int8, "I8")]
    [InlineData(ElementTypes.Float8E4M3, "F8_E4M3")]
    public void Weights_in_eight_bits_without_a_scale_are_never_used_as_they_are(ScalarType type, string name)
    {
        using var plain = _model.Tensors[$"{Layer}.weight"];
        _model.Tensors[$"{Layer}.weight"] = plain.to(type);
        _model.WriteWeights();

        Assert.Contains($"{Layer}.weight is stored as {name}, which is no type of plain weights", _model.Error());
    }

    [Fact]
    public void A_key_left_beside_plain_weights_changes_nothing()
    {
        using var before = _model.Logits();
        _model.Set("quantization_config", """{"quant_method": "bitsandbytes", "load_in_4bit": true}""");

        using var after = _model.Logits();

        Assert.True(before.equal(after).all().item<bool>());
    }

    [Fact]
    public void A_hubs_quantised_model_is_refused_before_its_weights_are_chosen()
    {
        using var folder = new TemporaryFolder();
        var listing = new HubListing(new("owner/name", RepositoryKind.Model), "c0ffee",
            [.. ((string[])["config.json", "tokenizer.json", "model.safetensors"]).Select(name => new ListedFile(name, 1))]);

        Assert.DoesNotContain("model.safetensors", ModelFiles.Model(listing, folder.Path));

        folder.Write("config.json", """{"model_type": "qwen2", "quantization_config": {"quant_method": "awq"}}""");
        var error = Assert.Throws<UserErrorException>(() => ModelFiles.Model(listing, folder.Path));
        Assert.Contains("config.json: quantization_config says awq", error.Message);
        Assert.Contains("model.safetensors", ModelFiles.Either(listing, folder.Path)); // a download that was asked for as such

        folder.Write("config.json", """{"model_type": "qwen2"}""");
        Assert.Contains("model.safetensors", ModelFiles.Model(listing, folder.Path));
    }

    [Fact]
    public void A_head_that_differs_from_its_embedding_is_used_though_the_config_ties_it()
    {
        using var untied = _model.Logits();
        _model.Set("tie_word_embeddings", "true");

        using var own = _model.Logits();

        Assert.True(untied.equal(own).all().item<bool>());
        using var checkpoint = Checkpoint.Open(_model.Path);
        Assert.True(TiedHead.IsSeparate(checkpoint));
    }

    [Fact]
    public void An_equal_copy_of_the_embedding_is_left_out()
    {
        _model.Set("tie_word_embeddings", "true");
        _model.Tensors["lm_head.weight"].Dispose();
        _model.Tensors["lm_head.weight"] = _model.Tensors["model.embed_tokens.weight"].clone();
        _model.WriteWeights();

        using var model = PretrainedModel.Load(_model.Path, Placement.Cpu());

        Assert.DoesNotContain("lm_head.weight", model.state_dict().Keys);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    public void A_git_lfs_pointer_is_named_as_such(string name)
    {
        _model.Write(name, "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5000\n");

        Assert.Contains($"{name}: this is a Git LFS pointer, not the file itself", _model.Error());
    }

    [Fact]
    public void A_pickle_that_is_a_git_lfs_pointer_is_named_as_such()
    {
        File.Delete(_model["model.safetensors"]);
        _model.Write("pytorch_model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5000\n");

        Assert.Contains("pytorch_model.bin: this is a Git LFS pointer", _model.Error());
    }

    [Fact]
    public void Ggufs_are_named_as_such_as_a_file_a_folder_and_under_another_name()
    {
        byte[] bytes = [.. "GGUF"u8, 3, 0, 0, 0, 1, 0, 0, 0];
        File.WriteAllBytes(_model["model.safetensors"], bytes);
        Assert.Contains("model.safetensors: this is a GGUF file", _model.Error());

        File.Move(_model["model.safetensors"], _model["tiny-q4.gguf"]);
        Assert.Contains("no weights: tiny-q4.gguf is a GGUF file, which is not read here; use the folder with the 16-bit safetensors",
            _model.Error());

        File.Delete(_model["config.json"]);
        Assert.Contains("MODEL: tiny-q4.gguf is a GGUF file", _model.Error());
        var error = Assert.Throws<UserErrorException>(() => Checkpoint.Open(_model["tiny-q4.gguf"]));
        Assert.Contains("this is a GGUF file", error.Message);
    }

    [Fact]
    public void Names_with_words_put_before_them_are_told()
    {
        var renamed = _model.Tensors.ToDictionary(t => $"module.{t.Key}", t => t.Value);
        SafetensorsWriter.Write(_model["model.safetensors"], renamed);

        Assert.Contains("the names in the checkpoint begin with \"module.\"", _model.Error());
    }

    [Fact]
    public void A_missing_head_has_a_remedy_of_its_own()
    {
        _model.Tensors.Remove("lm_head.weight");
        _model.WriteWeights();

        Assert.EndsWith("config.json says tie_word_embeddings: true", _model.Error());
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"name_or_path": "zai-org/chatglm2-6b"}""")]
    [InlineData("config.json", null)]
    public void ChatGLM2_is_told_from_ChatGLM3_by_the_name_it_was_saved_from(string file, string? content)
    {
        using var model = new ModelCopy("chatglm");
        Assert.Equal("chatglm3", PublishedFamily.TemplateIn(model.Path));

        if (content is null) model.Set("_name_or_path", "\"THUDM/ChatGLM2-6B-32k\"");
        else model.Write(file, content);

        var error = Assert.Throws<UserErrorException>(() => PublishedFamily.TemplateIn(model.Path));
        Assert.Contains(file, error.Message);
        Assert.Contains("ChatGLM2 reads \"[Round 1]", error.Message);
    }
}
