using System.Diagnostics;

namespace FinIntent.Fuzz;

/// <summary>Tells the most memory that this process held, since the last reset where the system can forget (Linux).</summary>
static class PeakMemory
{
    public static long Bytes => OperatingSystem.IsLinux() ? FromStatus() : Process.GetCurrentProcess().PeakWorkingSet64;

    public static void Reset()
    {
        GC.Collect();
        try
        {
            if (OperatingSystem.IsLinux()) File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    static long FromStatus()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    }
}
