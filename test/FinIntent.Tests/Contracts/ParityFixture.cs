using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Contracts;

/// <summary>
/// A folder of fixtures/: a tiny checkpoint with what transformers and PEFT computed for it (its provenance.json has the versions).
/// </summary>
sealed class ParityFixture : IDisposable
{
    readonly SafetensorsFile _expected;

    ParityFixture(string folder, Device device)
    {
        (Folder, Device) = (folder, device);
        _expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "cases.json"))).RootElement;
        Sequences = cases.GetProperty("sequences").Deserialize<int[][]>()!;
        Greedy = cases.GetProperty("greedy_8").Deserialize<int[][]>()!;
        Train = cases.GetProperty("train");
    }

    public static TheoryData<string> Families => new(ModelFamily.All.Select(f => f.ModelType).Append("qwen2_tied"));

    public string Folder { get; }

    /// <summary>Where the model computes.</summary>
    public Device Device { get; }

    public int[][] Sequences { get; }

    /// <summary>The eight tokens greedy decoding appends to each sequence.</summary>
    public int[][] Greedy { get; }

    public JsonElement Train { get; }

    public string FinalAdapter => Path.Combine(Folder, "lora_final");

    /// <summary>The fixture of a family: ours in test/fixtures, or the larger one of another origin in ../shared.</summary>
    public static ParityFixture Open(string family, DeviceType device = DeviceType.CPU, bool isShared = false)
    {
        if (device == DeviceType.CUDA) Tier.NeedsGpu();
        var folder = isShared ? Reference.Shared($"fixtures/{family}") : Reference.Path($"fixtures/{family}");
        return new(folder, device == DeviceType.CUDA ? CUDA : CPU);
    }

    public Tensor Expected(string name) => _expected.Read(name);

    public CausalLanguageModel Model(ScalarType type = ScalarType.Float32) => PretrainedModel.Load(Folder, new Placement(type, Device));

    public void Dispose() => _expected.Dispose();
}

static class TensorAssert
{
    /// <summary>Largest absolute difference at most <paramref name="tolerance"/>; says where it is otherwise.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected.cpu().to(ScalarType.Float64) - actual.cpu().to(ScalarType.Float64)).abs();
        var largest = difference.max().item<double>();
        Assert.True(largest <= tolerance, $"{what}: largest difference {largest:g3} at flat index {difference.argmax().item<long>()}, " +
            $"mean {difference.mean().item<double>():g3}, allowed {tolerance:g3}");
    }
}
