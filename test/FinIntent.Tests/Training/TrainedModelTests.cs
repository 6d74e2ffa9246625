using FinIntent.Jobs;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Training;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainedModelTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What bf16 becomes on this machine: fp32 on a CPU that is slower in 16 bits.</summary>
    static ScalarType BFloat16Here => Devices.TypeOn(CPU, ScalarType.BFloat16);

    TrainedModel Load(params string[] settings)
    {
        using var fixture = ParityFixture.Open("qwen2");
        var file = _folder.Write("train.yaml", $"model_name_or_path: {fixture.Folder}\n" + string.Join('\n', settings));
        return TrainedModel.Load(Prepared.Of(SettingsFile.Load(file, []), Need.Model, new(TextWriter.Null, TextWriter.Null)).Trained, CPU);
    }

    static ReportList Train(TrainedModel trained)
    {
        using var fixture = ParityFixture.Open("qwen2");
        var reports = new ReportList();
        new Trainer(trained.Model, trained.Trainable, fixture.TrainingOptions(), new(fixture.Rows()), null, reports)
            .Run(TestContext.Current.CancellationToken);
        return reports;
    }

    [Fact]
    public void LoRA_trains_two_matrices_for_each_linear_layer_in_fp32()
    {
        using var trained = Load("bf16: true", "lora_rank: 4");

        Assert.Equal(2 * 7 * 2, trained.Trainable.Parameters.Count);
        Assert.All(trained.Trainable.Parameters, p => Assert.Equal(ScalarType.Float32, p.Value.dtype));
        Assert.Equal(BFloat16Here, trained.Model.ComputeType);
    }

    [Theory]
    [InlineData("int8", "quantization_bit: 8", "quantization_method: bnb")]
    [InlineData("nf4", "quantization_bit: 4")]
    [InlineData("nf4, scales in fp32", "quantization_bit: 4", "quantization_type: nf4", "double_quantization: false")]
    public void Quantization_bit_packs_the_frozen_base_and_adapters_train_on_it(string format, params string[] settings)
    {
        using var trained = Load(["bf16: true", .. settings]);
        var before = trained.Trainable.Parameters.Select(p => p.Value.detach().clone()).ToArray();

        var reports = Train(trained);

        Assert.Equal(format, trained.Model.Format!.Name);
        Assert.All(trained.Trainable.Parameters.Zip(before),
            pair => Assert.False(pair.First.Value.equal(pair.Second).all().item<bool>(), pair.First.Name));
        Assert.True(reports[^1].Loss < reports[0].Loss);
    }

    [Fact]
    public void Float8_is_refused_where_there_is_no_GPU_with_it() =>
        Assert.Contains("fp8 needs a GPU, and this runs on the cpu; use quantization_method: bnb",
            Assert.Throws<UserErrorException>(() => Load("quantization_bit: 8", "quantization_method: fp8")).Message);

    [Fact]
    public void Full_training_moves_every_parameter_and_saves_a_model_that_loads()
    {
        using var trained = Load("finetuning_type: full", "bf16: true");
        var before = trained.Trainable.Parameters.Select(p => p.Value.detach().clone()).ToArray();

        Train(trained);
        trained.Trainable.SaveWeights(_folder["model"]);

        Assert.Equal(trained.Model.named_parameters().Count(), before.Length);
        Assert.All(trained.Trainable.Parameters, p => Assert.Equal(ScalarType.Float32, p.Value.dtype));
        Assert.All(trained.Trainable.Parameters.Zip(before),
            pair => Assert.False(pair.First.Value.equal(pair.Second).all().item<bool>(), pair.First.Name));
        using var loaded = PretrainedModel.Load(_folder["model"], Placement.Cpu());
        Assert.All(loaded.named_parameters().Zip(trained.Trainable.Parameters),
            pair => Assert.True(pair.First.parameter.equal(pair.Second.Value).all().item<bool>(), pair.Second.Name));
    }

    [Theory]
    [InlineData("freeze_trainable_layers: 1", ".layers.1.", 12)]
    [InlineData("freeze_trainable_layers: -2", ".layers.0.|.layers.1.", 24)]
    [InlineData("freeze_trainable_layers: 1\nfreeze_trainable_modules: mlp", ".layers.1.mlp", 3)]
    [InlineData("freeze_trainable_layers: 1\nfreeze_trainable_modules: mlp\nfreeze_extra_modules: norm, lm_head",
        ".layers.1.mlp|norm|lm_head", 9)]
    public void Freeze_trains_the_layers_and_parts_asked_for(string keys, string parts, int count)
    {
        using var trained = Load("finetuning_type: freeze", "bf16: true", keys);

        // "norm" is matched anywhere in a name, as LLaMA-Factory does: the layers' own norms are trained too.
        Assert.Equal(count, trained.Trainable.Parameters.Count);
        Assert.All(trained.Trainable.Parameters, p => Assert.Contains(parts.Split('|'), part => p.Name.Contains(part)));
        Assert.All(trained.Trainable.Parameters, p => Assert.Equal(ScalarType.Float32, p.Value.dtype));
        Assert.Contains(trained.Model.named_parameters(), p => p.parameter.dtype == BFloat16Here);
        var losses = Train(trained);
        Assert.All(losses, report => Assert.True(double.IsFinite(report.Loss!.Value)));
        Assert.NotEqual(losses[0].GradientNorm, losses[4].GradientNorm);
    }

    [Fact]
    public void Unknown_parts_are_named()
    {
        Assert.Contains("freeze_trainable_modules: \"attn\" is not one of all, input_layernorm, self_attn",
            Assert.Throws<UserErrorException>(() => Load("finetuning_type: freeze", "freeze_trainable_modules: attn")).Message);
        Assert.Contains("freeze_extra_modules: \"head\" is not one of",
            Assert.Throws<UserErrorException>(() => Load("finetuning_type: freeze", "freeze_extra_modules: head")).Message);
    }

    [Fact]
    public void An_adapter_given_is_trained_on_or_merged_under_a_new_one()
    {
        using var fixture = ParityFixture.Open("qwen2");
        var adapter = $"adapter_name_or_path: {fixture.FinalAdapter}";
        using var on = Load(adapter);
        using var under = Load(adapter, "create_new_adapter: true");

        Assert.Contains(on.Trainable.Parameters, p => p.Name.EndsWith("lora_B.weight") && p.Value.abs().max().item<float>() > 0);
        Assert.All(under.Trainable.Parameters.Where(p => p.Name.EndsWith("lora_B.weight")),
            p => Assert.Equal(0, p.Value.abs().max().item<float>()));
        using var batch = TokenBatch.All([fixture.Sequences[1]], CPU);
        using var a = on.Model.forward(batch);
        using var b = under.Model.forward(batch);
        TensorAssert.Close(a, b, 1e-4, "logits");
    }
}
