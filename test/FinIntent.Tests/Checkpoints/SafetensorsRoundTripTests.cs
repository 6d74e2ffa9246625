using FinIntent.Checkpoints;
using FinIntent.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<ScalarType> Types =>
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32,
            ScalarType.Int16,
        ScalarType.Int8, ScalarType.Byte, ScalarType.Bool, ScalarType.ComplexFloat32, ElementTypes.Float8E4M3, ElementTypes.Float8E5M2,
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_tensor_of_every_type_comes_back_as_it_went(ScalarType type)
    {
        var path = Path.Combine(_folder, "one.safetensors");
        using var ramp = arange(-3, 12, ScalarType.Float32).reshape(3, 5);
        using var written = ramp.to(type);
        SafetensorsWriter.Write(path, [new("a", written)]);

        using var file = SafetensorsFile.Open(path);
        using var read = file.Read("a");

        Assert.Equal(type, read.dtype);
        Assert.Equal([3, 5], read.shape);
        Assert.Equal(BytesOf(written), BytesOf(read));
        var inFile = File.ReadAllBytes(path).AsSpan((int)file.Tensors["a"].Offset, (int)file.Tensors["a"].Length).ToArray();
        Assert.Equal(BytesOf(written), inFile);
    }

    static unsafe byte[] BytesOf(Tensor tensor) =>
        new Span<byte>(TensorMemory.PointerOf(tensor), (int)tensor.numel() * ElementTypes.BytesOf(tensor.dtype)).ToArray();

    [Fact]
    public void Scalars_empty_tensors_and_slices_come_back()
    {
        var path = Path.Combine(_folder, "odd.safetensors");
        using var scalar = tensor(2.5f);
        using var nothing = zeros([0, 4]);
        using var columns = arange(12, ScalarType.Float32).reshape(3, 4).t();
        using var byteFirst = ones([3], ScalarType.Byte);
        SafetensorsWriter.Write(path, [new("byte", byteFirst), new("scalar", scalar), new("nothing", nothing), new("columns", columns)]);

        using var file = SafetensorsFile.Open(path);
        using var scalarRead = file.Read("scalar");
        using var nothingRead = file.Read("nothing");
        using var columnsRead = file.Read("columns");

        Assert.Equal(2.5f, scalarRead.item<float>());
        Assert.Equal([0, 4], nothingRead.shape);
        Assert.True(columnsRead.equal(columns).all().item<bool>());
        Assert.All(file.Tensors.Values, t => Assert.Equal(0, t.Offset % ElementTypes.BytesOf(t.Type)));
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void Copying_into_a_parameter_converts_and_leaves_its_gradient_flag()
    {
        var path = Path.Combine(_folder, "convert.safetensors");
        using var written = arange(6, ScalarType.Float32).reshape(2, 3).to(ScalarType.BFloat16);
        SafetensorsWriter.Write(path, [new("w", written)]);
        using var target = new TorchSharp.Modules.Parameter(zeros(2, 3), requires_grad: true);

        using var file = SafetensorsFile.Open(path);
        file.CopyTo("w", target);

        Assert.Equal([0f, 1, 2, 3, 4, 5], target.detach().data<float>().ToArray());
        Assert.True(target.requires_grad);
    }

    [Fact]
    public void A_target_of_another_shape_is_refused_with_both_shapes()
    {
        var path = Path.Combine(_folder, "shape.safetensors");
        using var written = zeros(2, 3);
        SafetensorsWriter.Write(path, [new("w", written)]);
        using var target = zeros(3, 2);

        using var file = SafetensorsFile.Open(path);
        var error = Assert.Throws<UserErrorException>(() => file.CopyTo("w", target));

        Assert.Contains("[2, 3]", error.Message);
        Assert.Contains("[3, 2]", error.Message);
    }

    [Fact]
    public void A_failing_source_leaves_the_old_file_and_nothing_else()
    {
        var path = Path.Combine(_folder, "old.safetensors");
        using var one = ones(4);
        SafetensorsWriter.Write(path, [new("w", one)]);
        var before = File.ReadAllBytes(path);

        IEnumerable<KeyValuePair<string, Tensor>> Failing()
        {
            yield return new("w", one);
            throw new InvalidOperationException("the source fails");
        }
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, Failing()));
        OutgoingTensor[] lateFailing = [new("w", one), new("v", ScalarType.Float32, [4], () =>
            throw new InvalidOperationException("late"))];
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, lateFailing));

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder));
    }
}
