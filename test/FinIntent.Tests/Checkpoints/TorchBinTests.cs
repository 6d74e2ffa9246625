using System.Runtime.InteropServices;
using FinIntent.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed partial class TorchBinTests : IDisposable
{
    static readonly float[] Ramp = [.. Enumerable.Range(0, 12).Select(i => (float)i)];

    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("chatglm")]
    [InlineData("baichuan")]
    public void What_torch_saved_equals_the_same_checkpoint_in_safetensors(string family)
    {
        using var pickled = TorchBinFile.Open(Reference.Path($"fixtures/{family}/pytorch_model.bin"));
        using var plain = SafetensorsFile.Open(Reference.Path($"fixtures/{family}/model.safetensors"));

        Assert.Equal(plain.Tensors.Keys.Order(), pickled.Tensors.Keys.Order());
        foreach (var name in plain.Tensors.Keys)
        {
            using var expected = plain.Read(name);
            using var actual = pickled.Read(name);
            Assert.Equal(expected.dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.True(expected.equal(actual).all().item<bool>(), name);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Strides_offsets_and_shared_storages_are_honoured(bool zip64)
    {
        var path = Write(zip64, HandmadePickle.StateDict(
            ("whole", p => p.Tensor("FloatStorage", "0", 12, 0, [3, 4], [4, 1])),
            ("transposed", p => p.Tensor("FloatStorage", "0", 12, 0, [4, 3], [1, 4])),
            ("column", p => p.Tensor("FloatStorage", "0", 12, 1, [3], [4])),
            ("tail", p => p.Tensor("FloatStorage", "0", 12, 8, [1, 4], [999, 1])),
            ("repeated", p => p.Tensor("FloatStorage", "0", 12, 5, [2, 3], [0, 0])),
            ("scalar", p => p.Tensor("FloatStorage", "0", 12, 11, [], [])),
            ("empty", p => p.Tensor("FloatStorage", "0", 12, 12, [0, 5], [5, 1])),
            ("parameter", p => p.Global("torch._utils", "_rebuild_parameter").Code("(").Tensor("FloatStorage", "0", 12, 2, [2], [1])
                .Code(0x88).Global("collections", "OrderedDict").Code(")RtR"))),
            ("data/0", MemoryMarshal.AsBytes<float>(Ramp).ToArray()));

        using var file = TorchBinFile.Open(path);

        AssertValues(file, "whole", [3, 4], Ramp);
        AssertValues(file, "transposed", [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        AssertValues(file, "column", [3], [1, 5, 9]);
        AssertValues(file, "tail", [1, 4], [8, 9, 10, 11]);
        AssertValues(file, "repeated", [2, 3], [5, 5, 5, 5, 5, 5]);
        AssertValues(file, "scalar", [], [11]);
        AssertValues(file, "empty", [0, 5], []);
        AssertValues(file, "parameter", [2], [2, 3]);
    }

    [Fact]
    public void A_state_dict_with_metadata_and_sixteen_bit_storages_is_read()
    {
        // What model.state_dict() gives: OrderedDict(...), its pairs, then BUILD with {"_metadata": OrderedDict({"": {"version": 1}})}.
        var pickle = new HandmadePickle().Global("collections", "OrderedDict").Code(")R").Code("(")
            .Text("h").Tensor("HalfStorage", "0", 2, 0, [2], [1]).Text("b").Tensor("BFloat16Storage", "1", 2, 0, [2], [1]).Code("u")
            .Code("}").Text("_metadata").Global("collections", "OrderedDict").Code(")R")
            .Text("").Code("}").Text("version").Code("K\u0001").Code("ss")
            .Code("sb").End();
        var path = Write(false, pickle, ("data/0", [0x00, 0x3c, 0x00, 0xc0]), ("data/1", [0x80, 0x3f, 0x00, 0xc0])); // 1, -2 in each

        using var file = TorchBinFile.Open(path);

        AssertValues(file, "h", [2], [1, -2]);
        AssertValues(file, "b", [2], [1, -2]);
    }

    [Fact]
    public void Shards_with_an_index_are_one_checkpoint()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        File.WriteAllText(Path.Combine(_folder, "pytorch_model.bin.index.json"), """
            {"metadata": {"total_size": 96},
             "weight_map": {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}}
            """);
        foreach (var (name, shard) in (IEnumerable<(string, string)>)[("a", "00001"), ("b", "00002")])
            Write(false, HandmadePickle.StateDict((name, p => p.Tensor("FloatStorage", "0", 12, 0, [12], [1]))),
                $"pytorch_model-{shard}-of-00002.bin", ("data/0", MemoryMarshal.AsBytes<float>(Ramp).ToArray()));

        using var checkpoint = Checkpoint.Open(_folder);

        Assert.Equal(["a", "b"], checkpoint.Tensors.Keys.Order());
        using var b = checkpoint.Read("b");
        Assert.Equal(Ramp, b.data<float>().ToArray());
    }

    [Fact]
    public void A_checkpoint_with_pickles_only_is_opened_and_safetensors_come_first()
    {
        var folder = Reference.Path("fixtures/chatglm");
        foreach (var name in (string[])["config.json", "pytorch_model.bin"])
            File.Copy(Path.Combine(folder, name), Path.Combine(_folder, name));
        using (var pickled = Checkpoint.Open(_folder)) Assert.Contains("transformer.output_layer.weight", pickled.Tensors.Keys);

        using var w = zeros(1);
        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), [new("w", w)]);
        using var plain = Checkpoint.Open(_folder);
        Assert.Equal(["w"], plain.Tensors.Keys);
    }

    static void AssertValues(TorchBinFile file, string name, long[] shape, float[] values)
    {
        using var read = file.Read(name);
        using var floats = read.to(ScalarType.Float32);
        Assert.Equal(shape, read.shape);
        Assert.Equal(values, values.Length == 0 ? [] : floats.data<float>().ToArray()); // TorchSharp cannot list an empty tensor
    }

    string Write(bool zip64, byte[] pickle, params (string Name, byte[] Bytes)[] entries) => Write(zip64, pickle, "model.bin", entries);

    string Write(bool zip64, byte[] pickle, string fileName, params (string Name, byte[] Bytes)[] entries)
    {
        var path = Path.Combine(_folder, fileName);
        using var stream = File.Create(path);
        var zip = new HandmadeZip(stream) { Zip64 = zip64 }.Add("m/data.pkl", pickle).Add("m/byteorder", "little"u8.ToArray());
        foreach (var (name, bytes) in entries) zip.Add("m/" + name, bytes);
        zip.Finish();
        return path;
    }
}
