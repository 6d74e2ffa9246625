using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>What a device's memory holds, and what to do when it is full.</summary>
static unsafe class DeviceMemory
{
    static readonly string[] Signs =
        ["out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED"];

    /// <summary>Whether an exception says that a device has no room for a tensor; libtorch has no type of its own for it here.</summary>
    public static bool IsExhausted(Exception e) => e is OutOfDeviceMemoryException || (e is ExternalException && IsExhausted(e.Message));

    internal static bool IsExhausted(string message) => Signs.Any(sign => message.Contains(sign, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Free and all bytes of a CUDA device, as its driver counts them; null: not a CUDA device, or its driver does not say.
    /// </summary>
    /// <remarks>What libtorch keeps for tensors to come counts as taken: <see cref="Trim"/> first.</remarks>
    public static (long Free, long Total)? Of(Device device)
    {
        if (device.type != TorchSharp.DeviceType.CUDA || Driver.Value is not { } driver) return null;
        using var context = zeros(1, device: device); // the driver answers for the current context
        nuint free, total;
        return driver.MemoryInfo(&free, &total) == 0 ? ((long)free, (long)total) : null;
    }

    /// <summary>
    /// What a run may take for activations: on a GPU what is free but a margin for libraries that load late, on a CPU half of the free
    /// memory, since others live there, too.
    /// </summary>
    public static long Available(Device device)
    {
        Trim(device);
        if (Of(device) is var (free, total)) return free - Margin(total);
        var memory = GC.GetGCMemoryInfo();
        return (memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes) / 2;
    }

    public static long Margin(long total) => Math.Max(256 << 20, total / 40);

    /// <summary>The device's name, such as "NVIDIA A10G"; null as in <see cref="Of"/>.</summary>
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

    /// <summary>The device's compute capability, such as (9, 0); null as in <see cref="Of"/>.</summary>
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

    /// <summary>Frees what an abandoned step left behind, and gives what libtorch keeps for tensors to come back to the device.</summary>
    public static void Trim(Device device)
    {
        // Tensors that an exception cut off from their owners end with their finalizers.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (device.type != TorchSharp.DeviceType.CUDA) return;
        try
        {
            // libtorch's emptyCache is no exported function; its allocator empties its cache before it refuses what no device holds.
            using var never = empty([1L << 50], dtype: ScalarType.Byte, device: device);
        }
        catch (ExternalException)
        {
        }
    }

    static readonly Lazy<MemoryCalls?> Driver = new(() =>
        NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out var library) ? MemoryCalls.Of(library)
            : null);

    /// <summary>The driver's exports used here. https://docs.nvidia.com/cuda/cuda-driver-api</summary>
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

/// <summary>A device has no room for what an operator called by name would make.</summary>
sealed class OutOfDeviceMemoryException(string message) : Exception(message);
