using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FinIntent.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

/// <summary>Alone, so that no other test moves the working set.</summary>
[Collection(MeasuringCollection.Name)]
public sealed class CheckpointMemoryTests : IDisposable
{
    const long MB = 1 << 20;

    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Opening_a_checkpoint_costs_no_more_memory_than_the_tensors_taken()
    {
        var path = SparseFile(("huge", 12_000 * MB), ("taken", 256 * MB), ("last", 1 * MB));
        var before = WorkingSet();

        using var file = SafetensorsFile.Open(path);
        var opened = WorkingSet() - before;
        using var taken = file.Read("taken");
        using var last = file.Read("last");
        var read = WorkingSet() - before;

        Assert.Equal([256 * MB], taken.shape);
        Assert.True(opened < 16 * MB, $"opening took {opened / MB} MB");
        Assert.True(read < (257 + 16) * MB, $"257 MB of tensors took {read / MB} MB");
    }

    static long WorkingSet()
    {
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    string SparseFile(params (string Name, long Bytes)[] tensors)
    {
        var header = new StringBuilder("{");
        var end = 0L;
        foreach (var (name, bytes) in tensors)
        {
            header.Append(end == 0 ? "" : ",");
            header.Append($"\"{name}\":{{\"dtype\":\"U8\",\"shape\":[{bytes}],\"data_offsets\":[{end},{end += bytes}]}}");
        }
        var json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        var path = Path.Combine(_folder, "sparse.safetensors");
        using var stream = File.Create(path);
        stream.Write(length);
        stream.Write(json);
        stream.SetLength(8 + json.Length + end);
        return path;
    }
}
