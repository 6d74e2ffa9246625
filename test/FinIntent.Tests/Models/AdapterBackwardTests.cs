using System.Text.Json.Nodes;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

/// <summary>
/// The written-out backward against torch's differentiation of the plain operators, in fp64, where only a wrong formula shows.
/// </summary>
[Collection(TorchRandomCollection.Name)]
public sealed class AdapterBackwardTests
{
    const double Tolerance = 1e-11;

    static readonly int[][] Rows = [[5, 9, 2, 7, 7, 1, 30], [3, 3, 12], [8, 40, 41, 42, 43], [17, 18, 19, 2, 6]];

    /// <summary>
    /// A layer that is computed again drops by seeds of its own, so there is no plain pass to compare it with: see below.
    /// </summary>
    public static TheoryData<string, double, bool> Cases => new(ParityFixture.Families.SelectMany(
        row => new[] { (0, false), (0, true), (0.3, false) }.Select(c => (row.Data, c.Item1, c.Item2))));

    [Theory, MemberData(nameof(Cases))]
    public void Loss_and_gradients_are_those_of_the_plain_operators(string family, double dropout, bool recompute)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model(ScalarType.Float64);
        using var adapters = Adapters(model, dropout);
        using var batch = TokenBatch.ForTraining(Rows, Labels, CPU);

        manual_seed(7).Dispose();
        var loss = nn.functional.cross_entropy(model.forward(batch), batch.Labels!, reduction: nn.Reduction.Sum) * 0.25;
        loss.backward();
        var expected = Gradients(adapters);
        manual_seed(7).Dispose();
        var actualLoss = model.BackwardAdapters(batch, 0.25, recompute);
        var actual = Gradients(adapters);

        Assert.Equal(loss.item<double>(), actualLoss.item<double>(), 1e-12);
        foreach (var (name, gradient) in expected) TensorAssert.Close(gradient, actual[name], Tolerance, name);
        Assert.All(expected.Values, gradient => Assert.True(gradient.abs().max().item<double>() > 1e-6));
    }

    [Fact]
    public void A_layer_computed_again_drops_the_same()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model(ScalarType.Float64);
        using var adapters = Adapters(model, 0.3);
        using var batch = TokenBatch.ForTraining(Rows, Labels, CPU);
        var (name, parameter) = adapters.Parameters.First(p => p.Name.Contains("layers.0") && p.Name.EndsWith("lora_B.weight"));

        double Loss(ulong seed) => model.BackwardAdapters(batch, 1, recompute: true, seed).item<double>();

        Assert.Equal(Loss(3), Loss(3));
        Assert.NotEqual(Loss(3), Loss(4));
        // With the seed held fast the loss is a function of the weights, and its slope is the gradient.
        Gradients(adapters);
        Loss(3);
        var gradient = Gradients(adapters)[name][0, 0].item<double>();
        const double step = 1e-5;
        double before, after;
        using (no_grad()) parameter[0, 0].sub_(step);
        before = Loss(3);
        using (no_grad()) parameter[0, 0].add_(2 * step);
        after = Loss(3);
        Assert.Equal((after - before) / (2 * step), gradient, 1e-7);
    }

    [Theory, MemberData(nameof(ParityFixture.Families), MemberType = typeof(ParityFixture))]
    public void The_written_out_forward_gives_the_plain_logits(string family)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model(ScalarType.Float64);
        using var adapters = Adapters(model, 0);
        using var batch = TokenBatch.All(Rows, CPU);

        var plain = model.forward(batch).detach();
        using var _ = no_grad();
        TensorAssert.Close(plain, model.forward(batch), 1e-11, "logits");
    }

    [Fact]
    public void Some_adapted_layers_are_enough_and_others_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model(ScalarType.Float64);
        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0, false, ["k_proj", "down_proj"]), seed: 1, ScalarType.Float64);
        Randomise(adapters);
        using var batch = TokenBatch.ForTraining(Rows, Labels, CPU);

        nn.functional.cross_entropy(model.forward(batch), batch.Labels!, reduction: nn.Reduction.Sum).backward();
        var expected = Gradients(adapters);
        model.BackwardAdapters(batch, 1).Dispose();
        var actual = Gradients(adapters);

        foreach (var (name, gradient) in expected) TensorAssert.Close(gradient, actual[name], Tolerance, name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_in_several_forwards_give_the_gradients_of_one(bool recompute)
    {
        using var scope = NewDisposeScope();
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model(ScalarType.Float64);
        using var adapters = Adapters(model, 0);

        var whole = Of(0..4);
        var expected = Gradients(adapters);
        var cut = Of(0..1) + Of(1..3) + Of(3..4);
        var actual = Gradients(adapters);

        Assert.Equal(whole, cut, 1e-12);
        foreach (var (name, gradient) in expected) TensorAssert.Close(gradient, actual[name], Tolerance, name);

        double Of(Range rows)
        {
            using var batch = TokenBatch.ForTraining(Rows[rows], Labels[rows], CPU);
            return model.BackwardAdapters(batch, 0.125, recompute).item<double>();
        }
    }

    static int[][] Labels => [.. Rows.Select(row => row.Select((id, t) => t < 2 ? TokenBatch.IgnoredLabel : id).ToArray())];

    static LoraAdapters Adapters(CausalLanguageModel model, double dropout)
    {
        var adapters = LoraAdapters.Attach(model, new(4, 6, dropout, false, [LoraSettings.AllLinears]), seed: 1, ScalarType.Float64);
        Randomise(adapters);
        adapters.SetTraining(true);
        return adapters;
    }

    /// <summary>B is not zero, so that every gradient is something.</summary>
    static void Randomise(LoraAdapters adapters)
    {
        using var _ = no_grad();
        using var generator = new Generator(2, CPU);
        foreach (var (_, parameter) in adapters.Parameters)
        {
            parameter.add_(randn(parameter.shape, dtype: ScalarType.Float64, generator: generator) * 0.1);
            parameter.requires_grad = true;
        }
    }

    static Dictionary<string, Tensor> Gradients(LoraAdapters adapters)
    {
        var gradients = adapters.Parameters.Where(p => p.Value.grad is not null).ToDictionary(p => p.Name, p => p.Value.grad!.clone());
        foreach (var (_, parameter) in adapters.Parameters) parameter.grad = null;
        return gradients;
    }
}
