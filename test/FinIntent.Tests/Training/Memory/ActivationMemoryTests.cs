using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using FinIntent.Training.Memory;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Training.Memory;

/// <summary>The formulas against bytes counted in a tiny model.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class ActivationMemoryTests
{
    static readonly int[][] Rows = [[5, 9, 2, 7, 7, 1, 30], [3, 3, 12, 4, 4, 4, 4], [8, 40, 41, 42, 43, 1, 2]];

    public static MatrixTheoryData<string, double> Cases => new(ParityFixture.Families.Select(row => row.Data), [0, 0.3]);

    [Theory, MemberData(nameof(Cases))]
    public void What_a_layers_tape_keeps_is_what_the_formula_says(string family, double dropout)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, dropout, false, [LoraSettings.AllLinears]), seed: 1);
        adapters.SetTraining(true);
        using var batch = TokenBatch.All(Rows, CPU);
        var x = randn(batch.TokenCount, model.Shape.HiddenSize);

        model.Layers[0].Forward(new(x, null), model.RotaryAt(batch), batch, null, out var tape, isTaped: true);
        var memory = new LayerMemory(model.Layers[0].Parts, sizeof(float), AttentionKind.Products, isFused: false);
        var expected = batch.TokenCount * (memory.KeptThroughAttention(Rows[0].Length) + memory.KeptBehind - memory.Graph(Rows[0].Length));

        Assert.Equal(expected, Bytes(tape!));
        Assert.Equal(batch.TokenCount * memory.Input, Bytes(tape!.InputOnly()));
    }

    /// <summary>Of the memories under a tape's tensors, each counted once: q, k and v lie in one.</summary>
    static unsafe long Bytes(LayerTape tape)
    {
        List<Tensor?> tensors = [tape.Input, tape.BeforeHeadNorms, tape.Middle, tape.GateUp?.Base];
        if (tape.Attention is var (q, k, v, output)) tensors.AddRange([q, k, v, output]);
        foreach (var linear in (LinearTape[])[tape.Qkv, tape.Output, tape.Gate, tape.Down]) tensors.AddRange(
            [linear.Low, .. linear.Noises ?? []]);
        var memories = new Dictionary<nint, long>();
        foreach (var tensor in tensors.OfType<Tensor>())
        {
            var start = (nint)TensorMemory.PointerOf(tensor) - (nint)(tensor.storage_offset() * tensor.element_size());
            memories[start] = memories.GetValueOrDefault(start) + (tensor.numel() * tensor.element_size());
        }
        return memories.Values.Sum();
    }

    [Fact]
    public void More_tokens_are_more_bytes_and_layers_computed_again_are_fewer()
    {
        using var model = Sketch("qwen2.5-7b-instruct", out var trainable);
        var memory = new ActivationMemory(model, trainable, DeviceType.CUDA);

        var sizes = Enumerable.Range(1, 40).Select(i => new ForwardSize(i * 500, 125, i * 8)).ToList();

        Assert.All(sizes.Zip(sizes.Skip(1)), pair => Assert.True(memory.Bytes(pair.First, false) < memory.Bytes(pair.Second, false)));
        Assert.All(sizes.Zip(sizes.Skip(1)), pair => Assert.True(memory.Bytes(pair.First, true) < memory.Bytes(pair.Second, true)));
        Assert.All(sizes, size => Assert.True(4 * memory.Bytes(size, true) < memory.Bytes(size, false)));
    }

    /// <summary>By hand, for 2,000 tokens of which 32 are labels: docs/plan.md has the same sum.</summary>
    [Fact]
    public void A_7B_models_activations_are_those_of_the_sum_in_the_documentation()
    {
        using var model = Sketch("qwen2.5-7b-instruct", out var trainable);
        const long tokens = 2000, labels = 32, hidden = 3584, qkv = 4608, inner = 18944, vocabulary = 152064;
        const long adapters = 2 * ((24 * (hidden + qkv)) + (8 * (hidden + hidden)) + (16 * (hidden + (2 * inner)))
            + (8 * (inner + hidden)));
        const long throughAttention = (2 * (hidden + qkv + hidden + 24)) + (4 * 28), behind = 2 * (hidden + (2 * inner) + 8 + 16 + 8);
        const long backward = 2 * (hidden + (4 * inner) + (3 * hidden)), around = 16 + (2 * 128);
        const long expected = (28 * adapters) + (27 * tokens * (throughAttention + behind)) + (tokens * (backward + around));

        var bytes = new ActivationMemory(model, trainable, DeviceType.CUDA).Bytes(new((int)tokens, 125, (int)labels), recomputes: false);

        Assert.Equal(expected, bytes);
        Assert.InRange(bytes, 6.0e9, 6.6e9);
        Assert.True(labels * vocabulary * 14 < tokens * backward);
    }

    public static TheoryData<string> Formats => ["int8", "nf4", "nf4, scales in fp32", "fp8"];

    [Theory, MemberData(nameof(Formats))]
    public void Packed_weights_have_the_predicted_size(string name)
    {
        var format = new[] { WeightFormat.Int8, WeightFormat.Nf4, WeightFormat.Nf4SingleQuantized, WeightFormat.Fp8 }.Single(f =>
            f.Name == name);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = System.Text.Json.JsonDocument.Parse("""
            {"model_type":"qwen2","hidden_size":256,"intermediate_size":768,"num_hidden_layers":1,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":512}
            """).RootElement;
        using var sketch = ModelFamily.Of(config).Create(config, Placement.Meta);
        using var model = ModelFamily.Of(config).Create(config, Placement.Cpu(ScalarType.BFloat16));
        sketch.Format = format;
        var held = ModelMemory.Of(model, new([], _ => { })).Weights;

        foreach (var group in model.Layers[0].Groups) group.Packed =
            format.Pack(randn(group.Outputs, group.Members[0].Inputs, dtype: ScalarType.BFloat16) * 0.02, isTrained: true);
        model.Format = format;
        var packed = ModelMemory.Of(model, new([], _ => { })).Weights;

        Assert.Equal(packed, ModelMemory.Of(sketch, new([], _ => { })).Weights, 0.001 * packed);
        if (format != WeightFormat.Fp8) Assert.True(packed < held);
    }

    [Fact]
    public void Weights_adapters_and_optimizer_are_counted_by_hand()
    {
        using var model = Sketch("qwen2.5-7b-instruct", out var trainable);

        // Parameters: shared/models.md; an adapter of rank 8 has 20,185,088 numbers, each with a gradient and two moments in fp32.
        Assert.Equal(new(2L * 7_615_616_512, 4L * 20_185_088, 12L * 20_185_088, 4L * 20_185_088), ModelMemory.Of(model, trainable));
    }

    static CausalLanguageModel Sketch(string name, out Trainable trainable)
    {
        var config = KnownModels.Find(name)!.Value;
        var model = ModelFamily.Of(config).Create(config, Placement.Meta);
        var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
        trainable = new(adapters.Parameters, _ => { }) { SetTraining = adapters.SetTraining, IsBaseFrozen = true };
        return model;
    }
}
