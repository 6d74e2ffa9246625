using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Generation;
using FinIntent.Kernels;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Models.Layers;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

/// <summary>What is special to ChatGLM3; what it shares with the others is in Contracts.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class ChatGlmTests
{
    [Fact]
    public void Norms_scale_before_they_round()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("chatglm");
        using var model = fixture.Model(ScalarType.BFloat16);
        var norms = model.named_modules().Where(m => m.module is RmsNorm).ToList();
        var x = randn(9, model.Shape.HiddenSize, generator: new Generator(1, CPU)).to(ScalarType.BFloat16);

        Assert.Equal(5, norms.Count);
        foreach (var (name, module) in norms)
        {
            var (norm, weight) = ((RmsNorm)module, module.get_parameter("weight")!);
            Assert.True(norm.forward(x).equal(RmsNormTests.Expected(RmsNormOrder.ScaleThenCast, weight, x)).all().item<bool>(), name);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Half_of_a_head_turns_by_neighbours_with_cos_and_sin_rounded_to_the_models_type(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("chatglm");
        using var model = fixture.Model(type);
        var x = randn(64, 3, 8, generator: new Generator(1, CPU)).to(type);

        var actual = model.Rotary.At(arange(64), 64, type).Apply(x);

        // Element by element, each operation rounded to the type.
        float[,,] input = Values(x), output = Values(actual);
        for (var t = 0; t < 64; t++)
        {
            for (var i = 0; i < 2; i++)
            {
                var angle = t * (1 / MathF.Pow(10000, 2 * i / 4f));
                float c = Round(MathF.Cos(angle)), s = Round(MathF.Sin(angle));
                for (var head = 0; head < 3; head++)
                {
                    float a = input[t, head, 2 * i], b = input[t, head, 2 * i + 1];
                    Assert.Equal(Round(Round(a * c) - Round(b * s)), output[t, head, 2 * i]);
                    Assert.Equal(Round(Round(b * c) + Round(a * s)), output[t, head, 2 * i + 1]);
                }
            }
        }
        Assert.True(actual[.., .., 4..].equal(x[.., .., 4..]).all().item<bool>());

        float Round(float value) => tensor(value).to(type).to(ScalarType.Float32).item<float>();
    }

    [Fact]
    public void A_row_past_seq_length_is_an_error_with_and_without_a_cache()
    {
        using var _ = no_grad();
        using var fixture = ParityFixture.Open("chatglm");
        using var model = fixture.Model();
        using var cache = new KvCache(model.Shape, 1);

        using (var whole = TokenBatch.Last([new int[512]], CPU, cache)) model.forward(whole).Dispose();
        using var longer = TokenBatch.Last([new int[513]], CPU);
        using var next = TokenBatch.Last([[1]], CPU, cache);

        foreach (var batch in new[] { longer, next })
        {
            var error = Assert.Throws<UserErrorException>(() => model.forward(batch));
            Assert.Contains("513 tokens", error.Message);
            Assert.Contains("512", error.Message);
        }
    }

    [Theory]
    [InlineData(65024, 64798)]
    [InlineData(45, 45)]
    public void The_padded_vocabulary_of_the_real_model_has_unused_rows(int rows, int usable)
    {
        using var model = ModelFamily.Of(Config()).Create(Config(("padded_vocab_size", rows)), Placement.Meta);

        Assert.Equal((rows, usable), (model.Shape.VocabularySize, model.Shape.UsableVocabulary));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Unused_rows_are_never_drawn(bool doSample)
    {
        using var scope = NewDisposeScope();
        using var model = RandomModel.Create(Config(("padded_vocab_size", 65024), ("num_layers", 1)), Placement.Cpu(), seed: 1);
        using (no_grad()) model.named_parameters().Single(p => p.name == "transformer.output_layer.weight").parameter[64798..].mul_(1000);
        using var batch = TokenBatch.Last([[7]], CPU);
        Assert.InRange(model.forward(batch).argmax().item<long>(), 64798, 65023);   // the most probable of all is an unused one

        var answer = new TokenGenerator(model, doSample ? new SamplingOptions(TopK: 0, TopP: 1, Temperature: 5) : SamplingOptions.Greedy)
            .Generate([new([7], Seed: 3)], new(new HashSet<int>(), 40))[0];

        Assert.Equal(40, answer.Length);
        Assert.All(answer, id => Assert.InRange(id, 0, 64797));
    }

    [Fact]
    public void The_torch_file_holds_the_same_model()
    {
        using var _ = no_grad();
        using var fixture = ParityFixture.Open("chatglm");
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "config.json", "pytorch_model.bin" }) File.Copy(Path.Combine(fixture.Folder, name), folder[name]);

        using var model = PretrainedModel.Load(folder.Path, Placement.Cpu());
        using var batch = TokenBatch.All([fixture.Sequences[2]], CPU);
        using var logits = model.forward(batch);

        TensorAssert.Close(fixture.Expected("logits.2"), logits, 1e-4, "logits.2");
    }

    [Theory]
    [InlineData("multi_query_attention", "false")]
    [InlineData("add_bias_linear", "true")]
    [InlineData("rmsnorm", "false")]
    [InlineData("post_layer_norm", "false")]
    [InlineData("apply_residual_connection_post_layernorm", "true")]
    [InlineData("fp32_residual_connection", "true")]
    [InlineData("original_rope", "false")]
    [InlineData("rope_ratio", "50")]
    [InlineData("hidden_dropout", "0.1")]
    [InlineData("attention_dropout", "0.1")]
    [InlineData("pre_seq_len", "128")]
    [InlineData("quantization_bit", "4")]
    [InlineData("tie_word_embeddings", "true")]
    public void A_setting_that_is_not_computed_is_refused_by_name(string key, string value)
    {
        var error = Assert.Throws<UserErrorException>(() => ChatGlm.Create(Config((key, JsonNode.Parse(value)!)), Placement.Meta));

        Assert.Contains(key, error.Message);
    }

    [Fact]
    public void ChatGLM_1_is_refused_for_the_fields_it_lacks()
    {
        var config = JsonDocument.Parse("""{"model_type": "chatglm", "hidden_size": 4096, "inner_hidden_size": 16384, "num_layers": 28}""");

        Assert.Contains("padded_vocab_size", Assert.Throws<UserErrorException>(() =>
            ChatGlm.Create(config.RootElement, Placement.Meta)).Message);
    }

    static JsonElement Config(params (string Key, JsonNode Value)[] changes)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Path("fixtures/chatglm"), "config.json")))!;
        foreach (var (key, value) in changes) json[key] = value;
        return json.Deserialize<JsonElement>();
    }

    static float[,,] Values(Tensor x)
    {
        var flat = x.to(ScalarType.Float32).contiguous().data<float>().ToArray();
        var values = new float[x.shape[0], x.shape[1], x.shape[2]];
        Buffer.BlockCopy(flat, 0, values, 0, flat.Length * sizeof(float));
        return values;
    }
}
