namespace FinIntent.Runtime;

/// <summary>Measures the most memory taken since this was made; on a CPU it is the process's largest resident memory ever.</summary>
/// <remarks>On a GPU it counts libraries and torch's allocator, which gives nothing back while there is enough.</remarks>
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
