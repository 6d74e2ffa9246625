using System.IO.Compression;
using System.Text;
using FinIntent.Checkpoints;
using Xunit;

namespace FinIntent.Tests.Checkpoints;

public sealed class TorchBinRefusalTests : IDisposable
{
    static readonly byte[] OneTensor = HandmadePickle.StateDict(("a", p => p.Tensor("FloatStorage", "0", 4, 0, [2, 2], [2, 1])));

    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    string BadPath => Path.Combine(_folder, "bad.bin");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string> Globals => new()
    {
        { "posix", "system" }, { "builtins", "eval" }, { "torch", "load" }, { "torch._utils", "_rebuild_tensor_v3" },
        { "collections", "OrderedDict.__init__" }, { "numpy.core.multiarray", "_reconstruct" }, { "torch", "ComplexFloatStorage" },
    };

    [Theory]
    [MemberData(nameof(Globals))]
    public void Every_name_that_tensors_do_not_need_is_refused_by_name(string module, string name)
    {
        var called = new HandmadePickle().Global(module, name).Text("touch owned").Code(0x85).Code("R").End();
        AssertRefused(called, $"asks for {module}.{name}");

        var hidden = HandmadePickle.StateDict(("a", p => p.Tensor("FloatStorage", "0", 4, 0, [4], [1])),
            ("b", p => p.Global(module, name)));
        AssertRefused(hidden, $"asks for {module}.{name}");

        AssertRefused(new HandmadePickle().Code($"(i{module}\n{name}\n").End(), $"asks for {module}.{name}"); // INST
    }

    public static TheoryData<string, byte[]> WrongPickles => new()
    {
        { "ends inside an instruction", Pickle().Code("}(X\u0010").Bytes },
        { "ends inside an instruction", Pickle().Code("}").Bytes },
        { "bytes follow the end", Pickle().Code("}.N").Bytes },
        { "does not end with one dictionary", Pickle().Code("N").End() },
        { "does not end with one dictionary", Pickle().Code("}}").End() },
        { "does not end with one dictionary", Pickle().Code("}(").End() },
        { "takes more from its stack", Pickle().Code("R").End() },
        { "takes more from its stack", Pickle().Code("N(").Code(0x85).End() },
        { "no mark", Pickle().Code("}u").End() },
        { "no dictionary to put", Pickle().Code("N(u").End() },
        { "no dictionary to put", Pickle().Code("}(Nu").End() },
        { "key is a number", Pickle().Code("}K\u0001Ns").End() },
        { "\"a\" occurs twice", Pickle().Code("}(").Text("a").Code("N").Text("a").Code("Nu").End() },
        { "not memorized", Pickle().Code("h\u0007").End() },
        { "nothing to memorize", Pickle().Code("q\u0000").End() },
        { "no list", Pickle().Code("}(Ne").End() },
        { "0x93", Pickle().Text("posix").Text("system").Code(0x93).End() }, // STACK_GLOBAL
        { "0x81", Pickle().Code("N)").Code(0x81).End() }, // NEWOBJ
        { "0x82", Pickle().Code(0x82, 1).End() }, // EXT1
        { "0x30", Pickle().Code("N0").End() }, // POP
        { "a number of 200 bytes", Pickle().Code(0x8a, 200).Code(new byte[200]).End() },
        { "is called", Pickle().Text("a").Code(")R").End() },
        { "arguments that make no tensor", Pickle().Global("torch._utils", "_rebuild_tensor_v2").Code(")R").End() },
        { "names no storage", Pickle().Text("storage").Code("Q").End() },
        { "attributes of a dictionary", Pickle().Code("}Nb").End() },
        { "\"epoch\" is a number", Pickle().Code("}").Text("epoch").Code("K\u0001s").End() },
        { "negative", One("FloatStorage", "0", 4, -1, [4], [1]) },
        { "negative", One("FloatStorage", "0", 4, 3, [2], [-1]) },
        { "as many strides as sizes", One("FloatStorage", "0", 4, 0, [2, 2], [1]) },
        { "reaches beyond its storage", One("FloatStorage", "0", 4, 1, [4], [1]) },
        { "reaches beyond its storage", One("FloatStorage", "0", 4, 0, [2, 2], [3, 1]) },
        { "reaches beyond its storage", One("FloatStorage", "0", 4, 0, [2, 2], [long.MaxValue, long.MaxValue]) },
        { "beyond the size of the file", One("FloatStorage", "0", 4, 0, [1L << 40], [0]) },
        { "beyond the size of the file", One("FloatStorage", "0", 4, 0, [long.MaxValue, long.MaxValue, long.MaxValue], [0, 0, 0]) },
        { "has no storage m/data/7", One("FloatStorage", "7", 4, 0, [4], [1]) },
        { "has no storage m/data/../data.pkl", One("FloatStorage", "../data.pkl", 4, 0, [4], [1]) },
        { "needs 20 bytes, m/data/0 has 16", One("FloatStorage", "0", 5, 0, [4], [1]) },
        { "needs 8 bytes, m/data/0 has 16", One("HalfStorage", "0", 4, 0, [4], [1]) },
        { "has 16", One("FloatStorage", "0", long.MaxValue, 0, [4], [1]) },
    };

    [Theory]
    [MemberData(nameof(WrongPickles))]
    public void A_pickle_that_is_no_state_dict_of_the_file_is_refused(string reason, byte[] pickle) => AssertRefused(pickle, reason);

    [Fact]
    public void Memos_that_contain_themselves_end_in_an_error()
    {
        AssertRefused(Pickle().Code("}q\u0000").Text("a").Code("h\u0000s").End(), "\"a\" is a dictionary");
        AssertRefused(Pickle().Code("}").Text("a").Code("]q\u0000h\u0000as").End(), "\"a\" is a list");
        AssertRefused(Pickle().Code("}").Text("a").Code("]q\u0001h\u0001").Code(0x85).Code("q\u0002").Code("0").End(), "0x30");
        AssertRefused(Pickle().Code("}").Text("a").Code("]q\u0001(h\u0001h\u0001te").End(), "no mark");
        AssertRefused(Pickle().Global("torch._utils", "_rebuild_tensor_v2").Code("]q\u0000h\u0000ah\u0000").Code(0x86).Code("R").End(),
            "is called");
    }

    [Fact]
    public void A_pickle_that_grows_in_memory_is_stopped()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        AssertRefused(Pickle().Code(Enumerable.Repeat((byte)']', 1_000_000).ToArray()).End(), "more memory than its file has bytes");
        AssertRefused(Pickle().Code(Enumerable.Repeat((byte)'(', 1_000_000).ToArray()).End(), "more memory than its file has bytes");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 << 20);
    }

    [Theory]
    [InlineData(4, "pickle protocol 4")]
    [InlineData(0, "pickle protocol 0")]
    public void Other_protocols_are_refused(byte protocol, string reason) => AssertRefused([0x80, protocol, .. OneTensor[2..]], reason);

    [Fact]
    public void Compressed_entries_are_refused_and_never_inflated()
    {
        using (var stream = File.Create(BadPath))
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            using (var pickle = zip.CreateEntry("m/data.pkl", CompressionLevel.NoCompression).Open()) pickle.Write(OneTensor);
            using var bomb = zip.CreateEntry("m/data/0", CompressionLevel.SmallestSize).Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 64; i++) bomb.Write(zeros); // 64 MB in 64 KB
        }
        var before = GC.GetAllocatedBytesForCurrentThread();

        AssertRefused("is compressed");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Archives_torch_does_not_write_are_refused()
    {
        AssertZipRefused("is compressed", zip => Start(zip).Add("m/data/0", new byte[16], length: 1 << 30));
        AssertZipRefused("is encrypted", zip => Start(zip).Add("m/data/0", new byte[16], flags: 1));
        AssertZipRefused("holds m/data/0 twice", zip => Start(zip).Add("m/data/0", new byte[16]).Add("m/data/0", new byte[16]));
        AssertZipRefused("no header of m/data/0", zip => Start(zip).Add("m/data/0", new byte[16], header: 0));
        AssertZipRefused("truncated", zip => Start(zip).Add("m/data/0", new byte[16], header: 1 << 20));
        AssertZipRefused("expected one", zip => zip.Add("m/data/0", new byte[16]));
        AssertZipRefused("expected one", zip => Start(zip).Add("n/data.pkl", OneTensor));
        AssertZipRefused("little-endian", zip => Start(zip).Add("m/data/0", new byte[16]).Add("m/byteorder", "big"u8.ToArray()));
        // An overlapping entry: its header and bytes lie inside another's bytes.
        using var inner = new MemoryStream();
        new HandmadeZip(inner).Add("m/data/1", new byte[16]);
        AssertZipRefused("m/data/0 overlaps", zip =>
        {
            Start(zip);
            var at = 30 + "m/data.pkl".Length + OneTensor.Length + 30 + "m/data/0".Length;
            return zip.Add("m/data/0", inner.ToArray()).Add("m/data/1", new byte[16], header: at);
        });
    }

    [Fact]
    public void Files_that_are_no_archive_are_refused()
    {
        foreach (var (bytes, reason) in (IEnumerable<(byte[], string)>)
            [([], "the file is empty"), ([1], "not a zip"),
                ([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e], "torch before 1.6"),
                ([0x50, 0x4b, 3, 4], "truncated")])
        {
            File.WriteAllBytes(BadPath, bytes);
            AssertRefused(reason);
        }
    }

    [Fact]
    public void A_truncated_archive_is_refused_wherever_it_ends()
    {
        var bytes = File.ReadAllBytes(Reference.Path("fixtures/chatglm/pytorch_model.bin"));
        for (var length = 1; length < bytes.Length; length += length < bytes.Length - 2200 ? 9973 : 97)
        {
            using (var stream = File.Create(BadPath)) stream.Write(bytes, 0, length);
            AssertRefused("byte ");
        }
    }

    [Fact]
    public void A_damaged_storage_is_refused_when_read()
    {
        var bytes = File.ReadAllBytes(Reference.Path("fixtures/chatglm/pytorch_model.bin"));
        string name;
        using (var whole = TorchBinFile.Open(Reference.Path("fixtures/chatglm/pytorch_model.bin")))
        {
            name = whole.Tensors.MaxBy(t => t.Value.Length).Key;
            bytes[whole.Tensors[name].Offset + 1000] ^= 4;
        }
        File.WriteAllBytes(BadPath, bytes);

        using var file = TorchBinFile.Open(BadPath);
        var error = Assert.Throws<UserErrorException>(() => file.Read(name));

        Assert.Contains("checksum", error.Message);
    }

    static HandmadePickle Pickle() => new();

    static byte[] One(string storage, string key, long count, long offset, long[] shape, long[] strides) =>
        HandmadePickle.StateDict(("a", p => p.Tensor(storage, key, count, offset, shape, strides)));

    static HandmadeZip Start(HandmadeZip zip) => zip.Add("m/data.pkl", OneTensor);

    void AssertRefused(byte[] pickle, string reason) =>
        AssertZipRefused(reason, zip => zip.Add("m/data.pkl", pickle).Add("m/data/0", new byte[16]));

    void AssertZipRefused(string reason, Func<HandmadeZip, HandmadeZip> fill)
    {
        using (var stream = File.Create(BadPath)) fill(new HandmadeZip(stream)).Finish();
        AssertRefused(reason);
    }

    void AssertRefused(string reason)
    {
        var error = Assert.Throws<UserErrorException>(() => TorchBinFile.Open(BadPath));
        Assert.StartsWith($"{BadPath}: byte ", error.Message);
        Assert.Contains(reason, error.Message);
    }
}
