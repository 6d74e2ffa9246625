namespace FinIntent.Runtime;

/// <summary>Tells how much memory a device has, and frees some when it is full.</summary>
static unsafe class DeviceMemory
{
    static readonly string[] Signs =
        ["out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED"];

    /// <summary>Says whether an exception means a full device; libtorch has no exception type of its own for this here.</summary>
    public static bool IsExhausted(Exception e) => e is OutOfDeviceMemoryException || (e is ExternalException && IsExhausted(e.Message));

    internal static bool IsExhausted(string message) => Signs.Any(sign => message.Contains(sign, StringComparison.OrdinalIgnoreCase));

    /// <summary>Returns a CUDA device's free and total bytes; null on another device, or when the driver does not say.</summary>
    /// <remarks>Memory that libtorch keeps for later tensors counts as taken, so call <see cref="Trim"/> first.</remarks>
    public static (long Free, long Total)? Of(Device device)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || Driver.Value is not { } driver) return null;
        using var context = zeros(1, device: device); // the driver answers for the current context
        nuint free, total;
        return driver.MemoryInfo(&free, &total) == 0 ? ((long)free, (long)total) : null;
    }

    /// <summary>Returns how many bytes a run may take for activations: on a CPU half of the free memory, which others need too.</summary>
    /// <remarks>On a GPU they are the free bytes less a margin for libraries that load late.</remarks>
    public static long Available(Device device)
    {
        Trim(device);
        if (Of(device) is var (free, total)) return free - Margin(total);
        var memory = GC.GetGCMemoryInfo();
        return (memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes) / 2;
    }

    public static long Margin(long total) => Math.Max(256 << 20, total / 40);

    /// <summary>Returns the device's name, such as "NVIDIA A10G"; null as in <see cref="Of"/>.</summary>
    public static string? NameOf(Device device)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || Driver.Value is not { } driver) return null;
        using var context = zeros(1, device: device);
        const int length = 256;
        var name = stackalloc byte[length];
        int handle;
        if (driver.CurrentDevice(&handle) != 0 || driver.DeviceName(name, length, handle) != 0) return null;
        return Marshal.PtrToStringUTF8((nint)name);
    }

    /// <summary>Returns the device's compute capability, such as (9, 0); null as in <see cref="Of"/>.</summary>
    public static (int Major, int Minor)? CapabilityOf(Device device)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || Driver.Value is not { } driver) return null;
        using var context = zeros(1, device: device);
        const int capabilityMajor = 75, capabilityMinor = 76;
        int handle, major, minor;
        if (driver.CurrentDevice(&handle) != 0 || driver.Attribute(&major, capabilityMajor, handle) != 0
            || driver.Attribute(&minor, capabilityMinor, handle) != 0)
            return null;
        return (major, minor);
    }

    /// <summary>Frees what an abandoned step left behind, and gives the device back what libtorch keeps for later tensors.</summary>
    public static void Trim(Device device)
    {
        // Finalizers end the tensors that an exception cut off from their owners.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (device.type != TorchSharp.DeviceType.CUDA) return;
        try
        {
            // libtorch does not export emptyCache; but its allocator empties its cache before it refuses a size that no device holds.
            using var never = empty([1L << 50], dtype: ScalarType.Byte, device: device);
        }
        catch (ExternalException)
        {
        }
    }

    static readonly Lazy<MemoryCalls?> Driver = new(() =>
        NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out var library)
            ? MemoryCalls.Of(library) : null);

    /// <summary>This class holds the driver's exports that are used here. https://docs.nvidia.com/cuda/cuda-driver-api</summary>
    sealed class MemoryCalls
    {
        public delegate* unmanaged<nuint*, nuint*, int> MemoryInfo;
        public delegate* unmanaged<int*, int> CurrentDevice;
        public delegate* unmanaged<byte*, int, int, int> DeviceName;
        public delegate* unmanaged<int*, int, int, int> Attribute;

        public static MemoryCalls? Of(nint library) =>
            NativeLibrary.TryGetExport(library, "cuMemGetInfo_v2", out var info)
            && NativeLibrary.TryGetExport(library, "cuCtxGetDevice", out var device)
            && NativeLibrary.TryGetExport(library, "cuDeviceGetName", out var name)
            && NativeLibrary.TryGetExport(library, "cuDeviceGetAttribute", out var attribute)
                ? new()
                {
                    MemoryInfo = (delegate* unmanaged<nuint*, nuint*, int>)info,
                    CurrentDevice = (delegate* unmanaged<int*, int>)device,
                    DeviceName = (delegate* unmanaged<byte*, int, int, int>)name,
                    Attribute = (delegate* unmanaged<int*, int, int, int>)attribute,
                }
                : null;
    }
}
