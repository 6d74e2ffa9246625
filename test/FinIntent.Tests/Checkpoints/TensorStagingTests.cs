using System.Runtime.InteropServices;
using FinIntent.Checkpoints;
using FinIntent.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

/// <summary>What goes to a GPU in chunks, here to the CPU: the same cuts, threads and errors, without pinned memory.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class TensorStagingTests() : TensorStagingContract(DeviceType.CPU);

[Trait("tier", "gpu")]
public sealed class GpuTensorStagingTests() : TensorStagingContract(DeviceType.CUDA);

public abstract partial class TensorStagingContract : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly Device _device;

    protected TensorStagingContract(DeviceType device)
    {
        if (device == DeviceType.CUDA) Tier.NeedsGpu();
        _device = device == DeviceType.CUDA ? CUDA : CPU;
    }

    public void Dispose() => _folder.Dispose();

    TensorStaging Staging(int threads, int chunkBytes) => new(threads, chunkBytes, isPinned: _device.type == DeviceType.CUDA);

    /// <summary>Chunks of one row, of a few rows with a rest, of whole tensors; a row of "wide" is larger than the first two.</summary>
    [Theory]
    [InlineData(1, 64)]
    [InlineData(3, 200)]
    [InlineData(8, 1 << 20)]
    public void Every_byte_arrives_whatever_the_chunk(int threads, int chunkBytes)
    {
        using var scope = NewDisposeScope();
        using var file = Write(new()
        {
            ["matrix"] = rand(37, 8, dtype: ScalarType.Float32),
            ["half"] = rand(50, 3, 4).to(ScalarType.Float16),
            ["vector"] = rand(1001).to(ScalarType.BFloat16),
            ["wide"] = rand(2, 300, dtype: ScalarType.Float32),
            ["bytes"] = randint(0, 255, [77], dtype: ScalarType.Byte),
            ["scalar"] = tensor(2.5),
            ["nothing"] = zeros(0, 4),
        });
        var targets = file.Tensors.ToDictionary(t => t.Key, t => zeros([.. t.Value.Shape], dtype: t.Value.Type, device: _device));

        using var staging = Staging(threads, chunkBytes);
        staging.Copy(targets.Select(t => new TensorCopy(file, t.Key, t.Value)));

        Assert.All(targets, t => Assert.True(Same(file.Read(t.Key), t.Value), t.Key));
    }

    [Fact]
    public void Parts_of_joint_tensors_and_other_types_are_filled_and_their_surroundings_left()
    {
        using var scope = NewDisposeScope();
        using var file = Write(new()
        {
            ["k"] = rand(20, 6).to(ScalarType.BFloat16),
            ["v"] = rand(20, 6).to(ScalarType.BFloat16),
            ["x"] = rand(6, 20)
        });
        Tensor rows = full([42, 6], 7f, dtype: ScalarType.BFloat16, device: _device);
        Tensor columns = full([20, 13], 7f, device: _device), turned = full([20, 6], 7f, dtype: ScalarType.Float64, device: _device);

        using var staging = Staging(2, 40);
        staging.Copy([new(file, "k", rows.narrow(0, 1, 20)), new(file, "v", columns.narrow(1, 6, 6)), new(file, "x", turned.t())]);

        var seven = tensor(7f);
        var expected = cat([seven.expand(1, 6).to(ScalarType.BFloat16), file.Read("k"), seven.expand(21, 6).to(ScalarType.BFloat16)], 0);
        Assert.True(Same(expected, rows));
        Assert.True(Same(cat([seven.expand(20, 6), file.Read("v").to(ScalarType.Float32), seven.expand(20, 1)], 1), columns));
        Assert.True(Same(file.Read("x").to(ScalarType.Float64).t(), turned));
    }

    [Fact]
    public void Transposed_pickles_arrive_and_a_damaged_one_is_refused_with_its_file()
    {
        using var scope = NewDisposeScope();
        var numbers = MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, 12).Select(i => (float)i)]).ToArray();
        var pickle = HandmadePickle.StateDict(("w", p => p.Tensor("FloatStorage", "0", 12, 0, [4, 3], [1, 4])),
            ("v", p => p.Tensor("FloatStorage", "0", 12, 0, [6, 2], [2, 1])));
        using (var stream = File.Create(_folder["model.bin"]))
            new HandmadeZip(stream).Add("m/data.pkl", pickle).Add("m/data/0", numbers).Finish();
        Tensor w = zeros(4, 3, device: _device), v = zeros(6, 2, device: _device);
        using var staging = Staging(4, 8);

        using (var file = TorchBinFile.Open(_folder["model.bin"]))
        {
            staging.Copy([new(file, "w", w), new(file, "v", v)]);
            Assert.True(Same(file.Read("w"), w) && Same(file.Read("v"), v));
        }

        var bytes = File.ReadAllBytes(_folder["model.bin"]);
        bytes[bytes.AsSpan().IndexOf(numbers) + 9] ^= 1;
        File.WriteAllBytes(_folder["model.bin"], bytes);
        using var damaged = TorchBinFile.Open(_folder["model.bin"]);
        Assert.Contains("model.bin", Assert.Throws<UserErrorException>(() => staging.Copy([new(damaged, "v", v)])).Message);
    }

    [Fact]
    public void A_wrong_shape_is_refused_with_both()
    {
        using var scope = NewDisposeScope();
        using var staging = Staging(2, 64);
        using var file = Write(new() { ["w"] = rand(100, 4) });

        var error = Assert.Throws<UserErrorException>(() => staging.Copy([new(file, "w", zeros(4, 100, device: _device))]));

        Assert.Equal($"{file.FilePath}: w is [100, 4] in the file but [4, 100] in the model", error.Message);
    }

    static bool Same(Tensor expected, Tensor actual) =>
        expected.dtype == actual.dtype && expected.shape.SequenceEqual(actual.shape)
            && (actual.numel() == 0 || expected.cpu().equal(actual.cpu()).all().item<bool>());

    SafetensorsFile Write(Dictionary<string, Tensor> tensors)
    {
        SafetensorsWriter.Write(_folder["model.safetensors"], tensors);
        return SafetensorsFile.Open(_folder["model.safetensors"]);
    }
}
