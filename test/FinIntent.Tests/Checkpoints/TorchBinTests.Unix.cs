using System.Runtime.InteropServices;
using FinIntent.Checkpoints;
using Xunit;

namespace FinIntent.Tests.Checkpoints;

/// <summary>NTFS would fill the 5 GB: files are not sparse on Windows unless asked.</summary>
public sealed partial class TorchBinTests
{
    [Fact]
    public void Archives_beyond_4_GB_are_read_without_holding_them()
    {
        const long Huge = 5L << 30;
        var path = Path.Combine(_folder, "huge.bin");
        using (var stream = File.Create(path))
        {
            var pickle = HandmadePickle.StateDict(
                ("huge", p => p.Tensor("ByteStorage", "0", Huge, 0, [Huge], [1])),
                ("end", p => p.Tensor("ByteStorage", "0", Huge, Huge - 2, [2], [1])),
                ("after", p => p.Tensor("FloatStorage", "1", 12, 0, [12], [1])));
            new HandmadeZip(stream) { Zip64 = true }.Add("m/data.pkl", pickle).Add("m/data/0", [], hole: Huge)
                .Add("m/data/1", MemoryMarshal.AsBytes<float>(Ramp).ToArray()).Finish();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var file = TorchBinFile.Open(path);
        using var end = file.Read("end");
        AssertValues(file, "after", [12], Ramp);

        Assert.Equal(Huge, file.Tensors["huge"].Count);
        Assert.Equal([2], end.shape);
        // One buffer of a megabyte may be new to the array pool.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
    }
}
