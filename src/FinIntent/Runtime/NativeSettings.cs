namespace FinIntent.Runtime;

/// <summary>Sets up the C libraries under libtorch before it is loaded (GNU/Linux only; a user's own environment variables win).</summary>
static partial class NativeSettings
{
    const int MallocTrimThreshold = -1, MallocMmapThreshold = -3, MallocArenaMax = -8;

    public static void Apply()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            // libgomp's workers spin for milliseconds after each operator, which starves every other process on a shared machine.
            if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null) SetEnvironment("GOMP_SPINCOUNT", "10000", 0);
            // Rows of all lengths leave holes in the GPU's memory; pages that can be moved fill them again.
            if (Environment.GetEnvironmentVariable("PYTORCH_CUDA_ALLOC_CONF") is null)
                SetEnvironment("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True", 0);
            // Activations come and go by the megabyte, so they stay on the heap instead of being mapped and zeroed anew each time.
            MallocOption(MallocMmapThreshold, 1 << 30);
            MallocOption(MallocTrimThreshold, int.MaxValue);
            // Another thread's heap would be one of 64 MB pieces, which are given back and zeroed anew with every forward.
            MallocOption(MallocArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library (musl) keeps its defaults.
        }
    }

    /// <summary>Gives the system back what lies free in the C heap, its holes, too. It takes milliseconds, so it is for a time when
    /// something
    /// large has gone and not for each forward.</summary>
    public static void GiveBackFreeMemory()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library (musl) gives back by itself.
        }
    }

    // .NET's own SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint kept);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallocOption(int option, int value);
}
