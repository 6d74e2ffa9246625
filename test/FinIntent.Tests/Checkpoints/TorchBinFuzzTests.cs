using System.Diagnostics;
using FinIntent.Checkpoints;
using FinIntent.Runtime;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Checkpoints;

public sealed class TorchBinFuzzTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_damaged_small_file_gives_an_error_or_the_undamaged_tensors()
    {
        var path = Path.Combine(_folder, "small.bin");
        using (var stream = File.Create(path))
        {
            var pickle = HandmadePickle.StateDict(
                ("a.weight", p => p.Tensor("FloatStorage", "0", 12, 0, [3, 4], [1, 3])),
                ("a.bias", p => p.Tensor("FloatStorage", "0", 12, 5, [3], [2])),
                ("b.weight", p => p.Tensor("BFloat16Storage", "1", 6, 0, [2, 3], [3, 1])));
            new HandmadeZip(stream) { Zip64 = true }.Add("m/data.pkl", pickle)
                .Add("m/data/0", [.. Enumerable.Range(1, 48).Select(i => (byte)i)])
                .Add("m/data/1", [.. Enumerable.Range(1, 12).Select(i => (byte)i)]).Finish();
        }
        Fuzz(path, rounds: 3000, seed: 1);
    }

    [Theory]
    [InlineData("chatglm", 150)]
    [InlineData("baichuan", 150)]
    public void A_damaged_fixture_gives_an_error_or_the_undamaged_tensors(string family, int rounds) =>
        Fuzz(Reference.Path($"fixtures/{family}/pytorch_model.bin"), rounds, seed: 1);

    /// <summary>On demand: the test program with -explicit only -trait tier=demand.</summary>
    [Theory(Explicit = true)]
    [Trait("tier", "demand")]
    [InlineData("chatglm", 60_000)]
    [InlineData("baichuan", 60_000)]
    public void A_damaged_fixture_gives_an_error_or_the_undamaged_tensors_in_many_rounds(string family, int rounds) =>
        Fuzz(Reference.Path($"fixtures/{family}/pytorch_model.bin"), rounds, seed: 2);

    void Fuzz(string source, int rounds, int seed)
    {
        var original = File.ReadAllBytes(source);
        var directory = original.AsSpan().IndexOf("PK\u0001\u0002"u8);
        var expected = Tensors(source);
        var path = Path.Combine(_folder, "damaged.bin");
        var random = new Random(seed);
        var (refused, longest, mostBytes) = (0, TimeSpan.Zero, 0L);
        for (var round = 0; round < rounds; round++)
        {
            // Mostly where structure is: the pickle at the start, the zip directory at the end.
            var (from, to) = random.Next(8) switch
            {
                < 4 => (0, Math.Min(4096, original.Length)),
                < 7 => (directory, original.Length),
                _ => (0, original.Length),
            };
            File.WriteAllBytes(path, [.. original.AsSpan(0, from), .. Mutation.Of(original[from..to], to - from, random),
                .. original.AsSpan(to)]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                var actual = Tensors(path);
                Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
                Assert.All(expected, e => Assert.True(e.Value.AsSpan().SequenceEqual(actual[e.Key]), e.Key));
            }
            catch (UserErrorException error)
            {
                Assert.Contains(": byte ", error.Message);
                refused++;
            }
            if (clock.Elapsed > longest) longest = clock.Elapsed;
            mostBytes = Math.Max(mostBytes, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{refused} of {rounds} refused; longest {longest.TotalMilliseconds:f1} ms, at most {mostBytes} bytes");

        // The rest: dates, padding, descriptors, fields no reader needs.
        Assert.True(refused > rounds / 2, $"only {refused} of {rounds} refused");
        Assert.InRange(mostBytes, 0, 3 * original.Length + (1 << 17));
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    static unsafe Dictionary<string, byte[]> Tensors(string path)
    {
        using var file = TorchBinFile.Open(path);
        var tensors = new Dictionary<string, byte[]>();
        foreach (var name in file.Tensors.Keys)
        {
            using var tensor = file.Read(name);
            tensors[name] = new Span<byte>(TensorMemory.PointerOf(tensor), (int)tensor.numel() * ElementTypes.BytesOf(tensor.dtype))
                .ToArray();
        }
        return tensors;
    }
}
