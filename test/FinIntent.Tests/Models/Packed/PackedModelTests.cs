using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Packed;

/// <summary>A model whose layers are packed against the same model with the weights that the bits stand for.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class PackedModelTests
{
    static readonly int[][] Rows = [[5, 9, 2, 7, 7, 1, 30], [3, 3, 12], [8, 40, 41, 42, 43]];

    public static MatrixTheoryData<string, string> Families => new(ParityFixture.Families.Select(row => row.Data), ["int8", "nf4"]);

    [Theory, MemberData(nameof(Families))]
    public void Logits_are_those_of_the_dense_model(string family, string format)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var fixture = ParityFixture.Open(family);
        using var packed = Packed(fixture, format);
        using var dense = Dense(fixture, packed);
        using var plain = fixture.Model();
        using var batch = TokenBatch.All(Rows, CPU);

        Tensor expected = dense.forward(batch), actual = packed.forward(batch);

        TensorAssert.Close(expected, actual, 1e-6 * expected.abs().max().item<float>(), "logits");
        Assert.True((plain.forward(batch) - actual).abs().max().item<float>() > 1e-4, "the packed weights are the plain ones");
        Assert.Equal(format, packed.FormatName);
    }

    public static MatrixTheoryData<string, double> Trainings => new(["int8", "nf4"], [0, 0.2]);

    [Theory, MemberData(nameof(Trainings))]
    public void Training_steps_are_those_of_the_dense_model(string format, double dropout)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var packed = Packed(fixture, format);
        using var dense = Dense(fixture, packed);

        var (expected, actual) = (Losses(dense), Losses(packed));

        Assert.Equal(8, actual.Count);
        Assert.All(expected.Zip(actual), loss => Assert.Equal(loss.First, loss.Second, 1e-6));
        Assert.True(actual[^1] < actual[0]);

        List<double> Losses(CausalLanguageModel model)
        {
            using var adapters = LoraAdapters.Attach(model, new(4, 8, dropout, false, [LoraSettings.AllLinears]), seed: 1);
            var reports = new ReportList();
            var trainable = new Trainable(adapters.Parameters, _ => { }) { IsBaseFrozen = true, SetTraining = adapters.SetTraining };
            new Trainer(model, trainable, fixture.TrainingOptions(), new(fixture.Rows()), null, reports)
                .Run(TestContext.Current.CancellationToken);
            return [.. reports.Select(r => r.Loss!.Value)];
        }
    }

    [Fact]
    public void A_float8_model_trains_to_about_the_losses_of_a_plain_one()
    {
        using var fixture = ParityFixture.Open("qwen2");
        const string config = """
            {"model_type":"qwen2","vocab_size":347,"hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":4,
             "num_key_value_heads":2,"tie_word_embeddings":true}
            """;
        using var json = System.Text.Json.JsonDocument.Parse(config);
        using var folder = new TemporaryFolder();
        folder.Write("config.json", config);
        using (var random = RandomModel.Create(json.RootElement, Placement.Cpu(), seed: 3))
            FinIntent.Checkpoints.SafetensorsWriter.Write(folder["model.safetensors"],
                random.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter * 2)));
        using var checkpoint = FinIntent.Checkpoints.Checkpoint.Open(folder.Path);
        using var plain = PretrainedModel.Load(checkpoint, Placement.Cpu(), null, true);
        using var packed = PretrainedModel.Load(checkpoint, Placement.Cpu(), WeightFormat.Fp8, true);
        using var adaptersOfPlain = LoraAdapters.Attach(plain, new(4, 8, 0, false, ["all"]), seed: 1);
        using var adaptersOfPacked = LoraAdapters.Attach(packed, new(4, 8, 0, false, ["all"]), seed: 1);

        var losses = new[] { (plain, adaptersOfPlain), (packed, adaptersOfPacked) }.Select(m =>
        {
            var reports = new ReportList();
            new Trainer(m.Item1, new(m.Item2.Parameters, _ => { }) { IsBaseFrozen = true }, fixture.TrainingOptions(), new(fixture.Rows()),
                null, reports)
                .Run(TestContext.Current.CancellationToken);
            return reports.Select(r => r.Loss!.Value).ToList();
        }).ToList();

        Assert.All(losses[0].Zip(losses[1]), loss => Assert.InRange(loss.Second / loss.First, 0.97, 1.03));
        Assert.NotEqual(losses[0][0], losses[1][0]);
    }

    [Fact]
    public void Plain_operators_and_merging_are_refused()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var packed = Packed(fixture, "int8");
        using var adapters = LoraAdapters.Attach(packed, new(4, 8, 0, false, [LoraSettings.AllLinears]), seed: 1);
        using var batch = TokenBatch.All(Rows, CPU);

        Assert.Contains("BackwardAdapters", Assert.Throws<InvalidOperationException>(() => packed.forward(batch)).Message);
        Assert.Contains("weights in int8; leave out quantization_bit", Assert.Throws<UserErrorException>(adapters.Merge).Message);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_is_refused_as_completely_as_for_a_plain_model()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var folder = new TemporaryFolder();
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "config.json")))!;
        config["num_key_value_heads"] = 1;
        folder.Write("config.json", config.ToJsonString());
        using (var whole = SafetensorsFile.Open(Path.Combine(fixture.Folder, "model.safetensors")))
        {
            var kept = whole.Tensors.Keys.Where(name => !name.Contains("layers.1.mlp"));
            SafetensorsWriter.Write(folder["model.safetensors"], kept.Select(name => KeyValuePair.Create(name, whole.Read(name))).ToList());
        }

        var plain = Assert.Throws<UserErrorException>(() => PretrainedModel.Load(folder.Path, Placement.Cpu())).Message;
        var packed = Assert.Throws<UserErrorException>(() => PretrainedModel.Load(folder.Path, null, CPU, WeightFormat.Nf4)).Message;

        Assert.Equal(plain, packed);
        Assert.Contains("3 tensors missing", packed);
        Assert.Contains("8 tensors of another shape", packed);
    }

    [Fact]
    public void Random_models_are_packed_as_they_are_made()
    {
        using var fixture = ParityFixture.Open("llama");
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "config.json")));
        using var model = RandomModel.Create(json.RootElement, Placement.Cpu(), seed: 1, WeightFormat.Nf4);
        using var _ = no_grad();
        using var batch = TokenBatch.All(Rows, CPU);
        using var logits = model.forward(batch);

        Assert.All(model.Layers.SelectMany(layer => layer.Groups), group => Assert.NotNull(group.Packed));
        Assert.InRange(logits.std().item<float>(), 0.01, 10);
    }

    static CausalLanguageModel Packed(ParityFixture fixture, string format) =>
        PretrainedModel.Load(fixture.Folder, null, CPU, PackedWeights.FormatOf(format), isTrained: true);

    /// <summary>A plain model with the packed one's weights.</summary>
    static CausalLanguageModel Dense(ParityFixture fixture, CausalLanguageModel packed)
    {
        var model = fixture.Model();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (group, its) in model.Layers.SelectMany(l => l.Groups).Zip(packed.Layers.SelectMany(l => l.Groups)))
        {
            var rows = its.Packed!.Dense().split([.. group.Members.Select(m => (long)m.Outputs)], 0);
            foreach (var (member, part) in group.Members.Zip(rows)) member.Kernel.copy_(part);
        }
        return model;
    }
}
