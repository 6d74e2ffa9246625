using FinIntent.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using AdamW = FinIntent.Training.AdamW;

namespace FinIntent.Tests.Training;

[Collection(TorchRandomCollection.Name)]
public sealed class AdamWTests
{
    static Parameter Ramp(params long[] shape)
    {
        using var scope = NewDisposeScope();
        return new Parameter(arange(shape.Aggregate((a, b) => a * b), dtype: ScalarType.Float32).view(shape).sub(3).div(7)
            .DetachFromDisposeScope());
    }

    static void Backward(IEnumerable<Parameter> parameters, int step)
    {
        using var scope = NewDisposeScope();
        foreach (var p in parameters) (p * p * p).sum().add(p.sum().mul(step)).backward();
    }

    [Fact]
    public void Updates_are_those_of_TorchSharps_own_optimizer()
    {
        Parameter[] ours = [Ramp(3, 5), Ramp(7)], theirs = [Ramp(3, 5), Ramp(7)];
        using var adamW = new AdamW([("a.weight", ours[0]), ("b.weight", ours[1])], new() { WeightDecay = 0.1 });
        using var reference = optim.AdamW(theirs, lr: 0.01, weight_decay: 0.1);

        for (var step = 0; step < 5; step++)
        {
            adamW.ZeroGradients();
            reference.zero_grad();
            Backward(ours, step);
            Backward(theirs, step);
            adamW.Step(0.01);
            reference.step();
        }

        foreach (var (a, b) in ours.Zip(theirs)) Contracts.TensorAssert.Close(b, a, 1e-6, "parameter");
    }

    [Fact]
    public void Norms_and_biases_do_not_decay_and_LoRA_plus_moves_B_faster()
    {
        string[] names = ["x.weight", "x.bias", "input_layernorm.weight", "x.lora_A.weight", "x.lora_B.weight"];
        var parameters = names.Select(name => (Name: name, Value: new Parameter(ones(4)))).ToArray();
        using var adamW = new AdamW(parameters, new() { WeightDecay = 0.5 }, loraPlusRatio: 16);

        adamW.ZeroGradients();
        adamW.Step(0.1); // gradients are zero: only decay moves anything

        double[] expected = [0.95, 1, 1, 0.95, 0.2];
        Assert.Equal(expected, parameters.Select(p => Math.Round((double)p.Value[0].item<float>(), 6)));
    }

    [Fact]
    public void The_norm_is_that_over_all_gradients_and_can_be_scaled()
    {
        Parameter a = new(zeros(2, 2)), b = new(zeros(3));
        using var adamW = new AdamW([("a.weight", a), ("b.bias", b)], new());
        adamW.ZeroGradients();
        using (var loss = a.sum() * 3 + b.sum() * 4) loss.backward();

        using var norm = adamW.GradientNorm();
        Assert.Equal(Math.Sqrt(4 * 9 + 3 * 16), norm.item<float>(), 5);
        adamW.ScaleGradients(0.5);
        using var half = adamW.GradientNorm();
        Assert.Equal(Math.Sqrt(4 * 9 + 3 * 16) / 2, half.item<float>(), 5);
    }

    [Fact]
    public void Weights_in_bf16_are_moved_through_fp32_moments()
    {
        var weight = new Parameter(ones(8, dtype: ScalarType.BFloat16));
        using var adamW = new AdamW([("weight", weight)], new());

        adamW.ZeroGradients();
        using (var loss = weight.sum()) loss.backward();
        adamW.Step(0.125);

        Assert.Equal(ScalarType.BFloat16, weight.dtype);
        Assert.Equal(0.875, weight[0].to(ScalarType.Float32).item<float>(), 3);
    }
}
