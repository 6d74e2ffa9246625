using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Jobs;
using FinIntent.Kernels;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Models.Layers;
using FinIntent.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using AdamW = FinIntent.Training.AdamW;

namespace FinIntent.Tests.Models;

/// <summary>What is special to Baichuan2; what it shares with the others is in Contracts.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class BaichuanTests
{
    [Fact]
    public void Norms_round_to_the_type_of_their_weight()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model();
        var norms = model.named_modules().Where(m => m.module is RmsNorm).ToList();
        var x = randn(9, model.Shape.HiddenSize, generator: new Generator(1, CPU)).to(ScalarType.BFloat16);

        Assert.Equal(5, norms.Count);
        foreach (var (name, module) in norms)
        {
            var (norm, weight) = ((RmsNorm)module, module.get_parameter("weight")!);
            var expected = RmsNormTests.Expected(RmsNormOrder.CastToWeightThenScale, weight, x, 1e-6);
            Assert.True(norm.forward(x).equal(expected).all().item<bool>(), name);
        }
    }

    [Fact]
    public void Heads_turn_in_fp32_and_are_rounded_once()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model(ScalarType.BFloat16);
        var x = randn(64, model.Shape.Heads, model.Shape.HeadDim, generator: new Generator(1, CPU)).to(ScalarType.BFloat16);

        var actual = model.Rotary.At(arange(64), 64, ScalarType.BFloat16).Apply(x);
        var expected = RotaryEmbedding.At(arange(64), model.Shape.HeadDim, 10_000, ScalarType.Float32).Apply(x.to(ScalarType.Float32))
            .to(ScalarType.BFloat16);
        var in16Bits = RotaryEmbedding.At(arange(64), model.Shape.HeadDim, 10_000, ScalarType.BFloat16).Apply(x);

        Assert.True(actual.equal(expected).all().item<bool>());
        Assert.True(actual.ne(in16Bits).sum().item<long>() > 100);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.BFloat16, 0.02)]
    public void A_head_with_rows_of_any_length_gives_the_same_logits(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model(type);
        using var stretched = fixture.Model(type);
        using (no_grad()) Head(stretched).mul_(rand(Head(stretched).shape[0], 1, generator: new Generator(1, CPU)).add_(0.1).to(type));

        TensorAssert.Close(Logits(model, fixture), Logits(stretched, fixture), tolerance, "stretched");
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_frozen_head_is_normalised_once_in_its_own_type(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model(type);
        var expected = nn.functional.normalize(Head(model).clone(), 2, 1);

        using var first = Logits(model, fixture);
        var after = Head(model).clone();
        using var second = Logits(model, fixture);

        Assert.True(after.equal(expected).all().item<bool>());
        Assert.True(Head(model).equal(after).all().item<bool>());
        Assert.True(first.equal(second).all().item<bool>());
    }

    [Fact]
    public void A_trained_heads_gradient_goes_through_the_normalisation()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model();
        var raw = Head(model).clone();
        Head(model).requires_grad = true;

        using var batch = TokenBatch.ForTraining([fixture.Sequences[2]], [fixture.Sequences[2]], CPU);
        MicroBatches.LossSum(model.forward(batch), batch).backward();
        var gradient = Head(model).grad!;

        // The logits do not change along a row, so the gradient has nothing in that direction.
        Assert.True(gradient.norm().item<float>() > 1e-3);
        Assert.InRange((gradient * raw).sum(1).abs().max().item<float>(), 0, 1e-5f * gradient.norm().item<float>());
        Assert.True(Head(model).equal(raw).all().item<bool>());
        var (step, direction) = (1e-2f, gradient / gradient.norm());
        Assert.Equal(gradient.norm().item<float>(), (LossAt(step) - LossAt(-step)) / (2 * step), 1e-2f);

        float LossAt(float distance)
        {
            using var noGradient = no_grad();
            Head(model).copy_(raw + direction * distance);
            return MicroBatches.LossSum(model.forward(batch), batch).item<float>();
        }
    }

    [Fact]
    public void A_fully_tuned_model_keeps_its_raw_head_and_loads_as_the_same_model()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var folder = new TemporaryFolder();
        var file = folder.Write("train.yaml", $"{{model_name_or_path: {fixture.Folder}, finetuning_type: full}}");
        using var trained = TrainedModel.Load(Prepared.Of(SettingsFile.Load(file, []), Need.Model,
            new(TextWriter.Null, TextWriter.Null)).Trained, CPU);
        var before = Head(trained.Model).clone();
        Tensor after;
        using (var optimizer = new AdamW(trained.Trainable.Parameters, new()))
        {
            using (no_grad()) Logits(trained.Model, fixture).Dispose();   // an evaluation before the first step
            using var batch = TokenBatch.ForTraining([fixture.Sequences[3]], [fixture.Sequences[3]], CPU);
            MicroBatches.LossSum(trained.Model.forward(batch), batch).backward();
            Assert.Equal(0, Parameter(trained.Model, "model.embed_tokens.weight").grad![0].abs().max().item<float>());   // padding_idx
            optimizer.Step(1e-3);
            after = Logits(trained.Model, fixture);
            trained.Trainable.SaveWeights(folder["out"]);
        }

        using var loaded = PretrainedModel.Load(folder["out"], Placement.Cpu());
        Assert.InRange((Head(loaded) - before).abs().max().item<float>(), 1e-4f, 2e-3f);
        TensorAssert.Close(after, Logits(loaded, fixture), 1e-5, "loaded");
    }

    [Fact]
    public void A_checkpoint_that_was_saved_normalised_is_the_same_model_and_an_export_keeps_the_head_as_it_is()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("baichuan");
        using var folder = new TemporaryFolder();
        using var model = fixture.Model();
        var logits = Logits(model, fixture);
        Directory.CreateDirectory(folder["normalised"]);
        File.Copy(Path.Combine(fixture.Folder, "config.json"), folder["normalised/config.json"]);
        SafetensorsWriter.Write(folder["normalised/model.safetensors"],
            model.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)));

        foreach (var name in new[] { fixture.Folder, folder["normalised"] })
        {
            ModelExport.Run(new(name, [fixture.FinalAdapter], folder["out"], 5_000_000_000) { Type = ScalarType.Float32 });

            using Checkpoint source = Checkpoint.Open(name), exported = Checkpoint.Open(folder["out"]);
            Assert.True(source.Read("lm_head.weight").equal(exported.Read("lm_head.weight")).all().item<bool>());
            using var loaded = PretrainedModel.Load(folder["out"], Placement.Cpu());
            TensorAssert.Close(fixture.Expected("merged_logits.2"), Logits(loaded, fixture), 1e-4, name);
        }
        using var again = PretrainedModel.Load(folder["normalised"], Placement.Cpu());
        TensorAssert.Close(logits, Logits(again, fixture), 1e-5, "normalised");
    }

    [Fact]
    public void The_head_takes_no_adapter()
    {
        using var fixture = ParityFixture.Open("baichuan");
        using var model = fixture.Model();

        Assert.Equal(["W_pack", "o_proj", "gate_proj", "up_proj", "down_proj"], LoraAdapters.AllTargets(model));
        Assert.Contains("lm_head", Assert.Throws<UserErrorException>(() =>
            LoraAdapters.Attach(model, new(4, 8, 0, false, ["lm_head"]), 1)).Message);
    }

    [Fact]
    public void The_torch_file_holds_the_same_model()
    {
        using var fixture = ParityFixture.Open("baichuan");
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "config.json", "pytorch_model.bin" }) File.Copy(Path.Combine(fixture.Folder, name), folder[name]);

        using var model = PretrainedModel.Load(folder.Path, Placement.Cpu());

        TensorAssert.Close(fixture.Expected("logits.2"), Logits(model, fixture), 1e-4, "logits.2");
    }

    [Theory]
    [InlineData("hidden_act", "\"gelu\"", "gelu")]
    [InlineData("tie_word_embeddings", "true", "tie_word_embeddings")]
    [InlineData("z_loss_weight", "0.002", "z_loss_weight")]
    [InlineData("rope_scaling", """{"type": "linear", "factor": 2}""", "rope_scaling")]
    [InlineData("vocab_size", "64000", "Baichuan 1")]
    [InlineData("max_position_embeddings", null, "max_position_embeddings")]   // the 13B, which has ALiBi
    public void A_setting_that_is_not_computed_is_refused_by_name(string key, string? value, string named)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Path("fixtures/baichuan"), "config.json")))!.AsObject();
        if (value is null) json.Remove(key);
        else json[key] = JsonNode.Parse(value);

        Assert.Contains(named, Assert.Throws<UserErrorException>(() =>
            Baichuan.Create(json.Deserialize<JsonElement>(), Placement.Meta)).Message);
    }

    static Parameter Head(CausalLanguageModel model) => Parameter(model, "lm_head.weight");

    static Parameter Parameter(CausalLanguageModel model, string name) => model.named_parameters().Single(p => p.name == name).parameter;

    static Tensor Logits(CausalLanguageModel model, ParityFixture fixture)
    {
        using var _ = no_grad();
        using var batch = TokenBatch.All([fixture.Sequences[2]], CPU);
        return model.forward(batch);
    }
}
