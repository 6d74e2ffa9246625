using System.Buffers.Binary;
using System.Numerics;
using Tensorboard;
using Xunit;

namespace FinIntent.Tests.Training;

/// <summary>
/// Reads a TensorBoard event file and checks its sums: records of length, masked crc32c of it, data, masked crc32c of that
/// (tensorflow/core/lib/io/record_writer.h).
/// </summary>
static class EventFile
{
    public static List<(string Tag, long Step, float Value)> Read(string path)
    {
        var scalars = new List<(string, long, float)>();
        var bytes = File.ReadAllBytes(path).AsSpan();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            Assert.Equal(Masked(bytes.Slice(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 8)..]));
            var data = bytes.Slice(at + 12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 12 + length)..]));
            var entry = Event.Parser.ParseFrom(data.ToArray());
            if (at == 0) Assert.Equal("brain.Event:2", entry.FileVersion);
            if (entry.Summary is { } summary) scalars.AddRange(summary.Value.Select(v => (v.Tag, entry.Step, v.SimpleValue)));
            at += 16 + length;
        }
        return scalars;
    }

    static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data) crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }
}
