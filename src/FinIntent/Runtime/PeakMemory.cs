using System.Diagnostics;
using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>
/// The most memory taken since this was made: on a GPU what torch's allocator holds (it gives nothing back while there is enough) and what
/// libraries took beside it, on a CPU the process's largest resident memory since its start.
/// </summary>
sealed class PeakMemory(Device device)
{
    readonly long _freeBefore = DeviceMemory.Of(device)?.Free ?? 0;

    public long Bytes
    {
        get
        {
            if (DeviceMemory.Of(device) is { } memory) return _freeBefore - memory.Free;
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }
}
