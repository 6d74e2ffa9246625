using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Packed;

/// <summary>Packed weights on a GPU against the same ones on the CPU.</summary>
[Trait("tier", "gpu")]
public sealed class PackedGpuTests
{
    public PackedGpuTests() => Tier.NeedsGpu();

    public static MatrixTheoryData<string, int> Cases => new(PackedWeights.All.Select(f => f.Name), [1, 75, 1000]);

    /// <summary>
    /// At the size of a 7B model's q, k and v; with float8 the GPU rounds its products to bf16. Each device packs for itself, and a GPU's
    /// division differs in the last bit, so that one int8 number in thousands is its neighbour.
    /// </summary>
    [Theory, MemberData(nameof(Cases))]
    public void Products_and_gradients_are_the_CPUs(string name, int tokens)
    {
        using var scope = NewDisposeScope();
        var format = Available(name);
        Tensor weight = Random(1, 4608, 3584) * 0.02, x = Random(2, tokens, 3584), dy = Random(3, tokens, 4608), bias = Random(4, 4608);
        using var onCpu = format.Pack(weight.to(ScalarType.BFloat16), isTrained: true);
        using var onGpu = format.Pack(weight.to(ScalarType.BFloat16).to(CUDA), isTrained: true);
        var close = format == WeightFormat.Fp8 ? 0.05 : format == WeightFormat.Int8 ? 0.02 : 1e-3;
        foreach (var (type, tolerance) in new[] { (ScalarType.Float32, close), (ScalarType.BFloat16, 0.05) })
        {
            Tensor a = x.to(type), g = dy.to(type), b = bias.to(type);
            TensorAssert.Close(onCpu.Product(a, b), onGpu.Product(a.to(CUDA), b.to(CUDA)).cpu(), tolerance, $"product in {type}");
            TensorAssert.Close(onCpu.InputGradient(g), onGpu.InputGradient(g.to(CUDA)).cpu(), tolerance, $"gradient in {type}");
        }
        Assert.Equal(onCpu.Bytes, onGpu.Bytes);
    }

    public static TheoryData<string> Formats => new(PackedWeights.All.Select(f => f.Name));

    [Theory, MemberData(nameof(Formats))]
    public void The_embedded_models_logits_and_gradients_are_the_CPUs(string name)
    {
        using var scope = NewDisposeScope();
        var format = Available(name);
        var (expected, actual) = (Pass(CPU), Pass(CUDA));

        Assert.Equal(expected.Loss, actual.Loss, 0.02 * expected.Loss);
        foreach (var (one, other) in expected.Gradients.Zip(actual.Gradients))
        {
            var likeness = (one * other).sum() / (one.norm() * other.norm());
            Assert.InRange(likeness.item<float>(), 0.97, 1.001);
        }

        (double Loss, List<Tensor> Gradients) Pass(Device device)
        {
            using var checkpoint = FinIntent.Checkpoints.Checkpoint.Open(Path.Combine(Reference.Root, "models", "finintent-8m"));
            using var model = PretrainedModel.Load(checkpoint, new(ScalarType.BFloat16, device), format, isTrained: true);
            using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
            foreach (var (_, parameter) in adapters.Parameters) parameter.requires_grad = true;
            using var batch = TokenBatch.ForTraining([[.. Enumerable.Range(100, 90)], [.. Enumerable.Range(300, 70)]],
                [[.. Enumerable.Range(100, 90)], [.. Enumerable.Range(300, 70)]], device);
            using var loss = model.BackwardAdapters(batch, 1.0 / 158);
            return (loss.item<double>(), [.. adapters.Parameters.Where(p => p.Name.EndsWith("lora_B.weight"))
                .Select(p => p.Value.grad!.cpu().clone())]);
        }
    }

    static WeightFormat Available(string name)
    {
        var format = PackedWeights.FormatOf(name);
        try
        {
            format.Require(CUDA);
        }
        catch (UserErrorException e)
        {
            Tier.Needs(Tier.Gpu, false, e.Message);
        }
        return format;
    }

    static Tensor Random(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }
}
