using System.Buffers.Binary;
using System.Text;
using FinIntent.Checkpoints;
using Xunit;

namespace FinIntent.Tests.Checkpoints;

public sealed class SafetensorsRefusalTests : IDisposable
{
    const string OneTensor = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Header, bytes of data, where the fault is (from the start of the file), what the message says.</summary>
    public static TheoryData<string, int, long, string> Faults => new()
    {
        // Bad JSON. The header starts at byte 8.
        { "", 0, 8, "does not start with '{'" },
        { "  {}", 0, 8, "does not start with '{'" },
        { "[]", 0, 8, "does not start with '{'" },
        { """{"a":""", 0, 13, "not valid JSON" },
        { """{"a" 1}""", 0, 13, "not valid JSON" },
        { "{} x", 0, 11, "not valid JSON" },
        { """{"a":1}""", 0, 13, "expected an object" },
        { """{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, 37, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, 37, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}""", 8, 60, "more than 2 numbers" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}""", 8, 58, "needs dtype, shape and two data_offsets" },
        { """{"a":{"dtype":"F32","shape":[2]}}""", 8, 39, "needs dtype, shape and two data_offsets" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"scale":1}}""", 8, 61, "unknown key \"scale\"" },
        { """{"__metadata__":{"format":1}}""", 0, 34, "expected a text" },
        { "{\"\\ud800\":1}", 0, 18, "not valid JSON" }, // half of a surrogate pair
        // Duplicate keys.
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, 61,
            "\"a\" occurs twice" },
        { """{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, 27, "\"dtype\" occurs twice" },
        { """{"__metadata__":{"k":"1","k":"2"}}""", 0, 33, "\"k\" occurs twice" },
        // Types, shapes.
        { """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8, 22, "unknown dtype \"F33\"" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, 60, "shape [3] does not fit its 8 bytes" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, 80, "does not fit its 0 bytes" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, 60, "run backwards" },
        { """{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 8, 95, "beyond any file" },
        // Cover of the data; the data starts after the header.
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, 8 + 108
            + 4, "\"b\" overlaps \"a\"" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, 8 + 108
            + 4, "4 bytes between \"a\" and \"b\"" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, 8 + 54, "4 bytes between \"the header\" and \"a\"" },
        { OneTensor, 9, 8 + 54 + 8, "the last 1 bytes belong to no tensor" },
        { OneTensor, 7, 8 + 54 + 7, "truncated: \"a\" ends" },
        { OneTensor, 0, 8 + 54, "truncated: \"a\" ends" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_malformed_file_is_refused_with_offset_and_reason(string header, int dataBytes, long offset, string reason)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);

        AssertRefused(bytes, offset, reason);
    }

    [Fact]
    public void A_file_too_short_for_its_header_is_refused()
    {
        AssertRefused([], 0, "the file is empty");
        AssertRefused([1, 0, 0], 3, "header length");
        AssertRefused([40, 0, 0, 0, 0, 0, 0, 0, (byte)'{'], 9, "truncated: the header needs 40 bytes");
    }

    [Fact]
    public void A_header_over_100_MB_is_refused_before_it_is_read()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, 100_000_001);
        AssertRefused(bytes, 0, "over the limit of 100000000");

        bytes.AsSpan(0, 8).Fill(0xff);
        AssertRefused(bytes, 0, "over the limit of 100000000");
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("none.safetensors: there is no such file",
            Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(Path.Combine(_folder, "none.safetensors"))).Message);

    [Fact]
    public void Padding_and_a_tensor_without_elements_are_no_fault()
    {
        var json =
            """{"__metadata__":{},"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}    """;
        var path = Path.Combine(_folder, "fine.safetensors");
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(path, [.. length, .. Encoding.UTF8.GetBytes(json), 7]);

        using var file = SafetensorsFile.Open(path);
        using var b = file.Read("b");

        Assert.Equal(7, b[0].item<byte>());
        Assert.Equal(0, file.Tensors["a"].Count);
    }

    void AssertRefused(byte[] bytes, long offset, string reason)
    {
        var path = Path.Combine(_folder, "bad.safetensors");
        File.WriteAllBytes(path, bytes);

        var error = Assert.Throws<UserErrorException>(() => SafetensorsFile.Open(path));

        Assert.StartsWith($"{path}: byte {offset}: ", error.Message);
        Assert.Contains(reason, error.Message);
        File.Delete(path); // nothing holds it open
    }
}
