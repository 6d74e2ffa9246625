using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FinIntent.Data.Rows;
using Parquet;
using Parquet.Serialization;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>A damaged Parquet file is told as such, whichever byte is wrong; Parquet.Net believes every size that a file names.</summary>
public sealed class ParquetDamageTests : IDisposable
{
    const int Seed = 20_261_130, Mutations = 1_500;

    readonly TemporaryFolder _folder = new();

    public sealed class Row
    {
        public string? Instruction { get; set; }
        public string Output { get; set; } = "";
        public int? Number { get; set; }
        public double Score { get; set; }
        public DateTime Day { get; set; }
        public List<string> Tags { get; set; } = [];
    }

    public sealed class Talk
    {
        public List<Turn> Turns { get; set; } = [];
    }

    public sealed class Turn
    {
        public string Value { get; set; } = "";
    }

    public sealed class Binary
    {
        public byte[] Text { get; set; } = [];
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Up to four bytes are changed, or the end is cut off; every file is read to its end, or refused in words.</summary>
    [Fact]
    public async Task Damaged_bytes_are_an_error_of_the_file_within_two_seconds_and_200_megabytes()
    {
        var random = new Random(Seed);
        byte[][] whole = [await Bytes(CompressionMethod.None), await Bytes(CompressionMethod.Snappy), await Bytes(CompressionMethod.Gzip),
            await Bytes(CompressionMethod.Zstd)];
        var (read, refused) = (0, 0);
        for (var i = 0; i < Mutations; i++)
        {
            var bytes = Mutated(whole[i % whole.Length], random);
            File.WriteAllBytes(_folder["rows.parquet"], bytes);
            var (allocated, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
            try
            {
                read += DataFile.Read(_folder["rows.parquet"]).Any() ? 1 : 0;
            }
            catch (UserErrorException e)
            {
                refused++;
                Assert.StartsWith($"{_folder["rows.parquet"]}: cannot be read as Parquet: ", e.Message);
                Assert.DoesNotContain("Exception", e.Message);
            }
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"mutation {i} took {watch.Elapsed}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 200 << 20, $"mutation {i} allocated too much");
        }
        Assert.InRange(read, Mutations / 10, Mutations - 1);
        Assert.InRange(refused, Mutations / 10, Mutations - 1);
    }

    [Fact]
    public async Task A_description_longer_than_the_file_is_refused()
    {
        var bytes = await Bytes(CompressionMethod.None);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(bytes.Length - 8), 1_500_000_000);

        Assert.Contains("its description has 1,500,000,000 bytes", Refusal(bytes));
    }

    [Fact]
    public async Task A_cut_file_is_refused()
    {
        var bytes = await Bytes(CompressionMethod.None);

        Assert.Contains("does not begin and end with PAR1", Refusal(bytes[..^9]));
        Assert.Contains("it has 3 bytes", Refusal(bytes[..3]));
    }

    /// <summary>Bytes that are no UTF-8 are refused, and never replaced, in a column that is said to hold bytes.</summary>
    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        await using (var stream = File.Create(_folder["rows.parquet"]))
            await ParquetSerializer.SerializeAsync([new Binary { Text = [0xB4, 0xF3] }], stream, cancellationToken: Stop);

        var error = Assert.Throws<UserErrorException>(() => DataFile.Read(_folder["rows.parquet"]).ToList());

        Assert.EndsWith("row group 1: column \"Text\": a value is not UTF-8 text", error.Message);
    }

    /// <summary>Parquet.Net puts U+FFFD where a text is not UTF-8; a file may have U+FFFD itself, too.</summary>
    [Fact]
    public async Task Texts_that_are_not_utf8_are_refused_and_u_fffd_itself_is_kept()
    {
        using var stream = new MemoryStream();
        Row[] rows = [new() { Instruction = "ABCD\uFFFD", Tags = ["EFGH", "\uFFFD"] }];
        await ParquetSerializer.SerializeAsync(rows, stream, new ParquetOptions { CompressionMethod = CompressionMethod.None },
            cancellationToken: Stop);
        var bytes = stream.ToArray();
        File.WriteAllBytes(_folder["rows.parquet"], bytes);
        Assert.Equal("ABCD\uFFFD", Assert.Single(DataFile.Read(_folder["rows.parquet"])).Text("Instruction"));

        foreach (var text in new[] { "ABCD", "EFGH" })
        {
            byte[] broken = [.. bytes];
            for (var at = 0; (at = broken.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text))) >= 0;) broken[at] = broken[at + 1] = 0xB4;

            Assert.Contains("a value is not UTF-8 text", Refusal(broken));
        }
    }

    [Fact]
    public async Task Texts_inside_objects_that_are_not_utf8_are_refused()
    {
        using var stream = new MemoryStream();
        await ParquetSerializer.SerializeAsync([new Talk { Turns = [new() { Value = "ABCD" }] }], stream,
            new ParquetOptions { CompressionMethod = CompressionMethod.None }, cancellationToken: Stop);
        var bytes = stream.ToArray();
        for (var at = 0; (at = bytes.AsSpan().IndexOf("ABCD"u8)) >= 0;) bytes[at] = bytes[at + 1] = 0xB4;

        Assert.Contains("a value is not UTF-8 text", Refusal(bytes));
    }

    static byte[] Mutated(byte[] whole, Random random)
    {
        byte[] bytes = [.. whole];
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            ref var b = ref bytes[random.Next(bytes.Length)];
            b = random.Next(4) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(b ^ (1 << random.Next(8))),
                2 => 0xFF,
                _ => (byte)(b + 1),
            };
        }
        return random.Next(10) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    static async Task<byte[]> Bytes(CompressionMethod method)
    {
        using var stream = new MemoryStream();
        await ParquetSerializer.SerializeAsync(Enumerable.Range(0, 30).Select(i => new Row
        {
            Instruction = i % 7 == 0 ? null : $"问题 {i}",
            Output = i % 2 == 0 ? "A" : "B",
            Number = i % 3 == 0 ? null : i,
            Score = i / 2.0,
            Day = DateTime.UnixEpoch.AddDays(i),
            Tags = [.. Enumerable.Range(0, i % 4).Select(k => $"标签{k}")],
        }).ToList(), stream, new ParquetOptions { CompressionMethod = method }, cancellationToken: Stop);
        return stream.ToArray();
    }

    string Refusal(byte[] bytes)
    {
        File.WriteAllBytes(_folder["rows.parquet"], bytes);
        return Assert.Throws<UserErrorException>(() => DataFile.Read(_folder["rows.parquet"]).ToList()).Message;
    }

    public void Dispose() => _folder.Dispose();
}
