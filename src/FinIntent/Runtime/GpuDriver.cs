using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>What NVIDIA's driver says of a GPU. https://docs.nvidia.com/cuda/cuda-driver-api</summary>
static unsafe class GpuDriver
{
    static nint Library => field != 0 ? field : field = NativeLibrary.Load(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1");

    /// <summary>"NVIDIA H100 80GB HBM3".</summary>
    public static string NameOf(Device device)
    {
        var get = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(Library, "cuDeviceGet");
        var name = (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(Library, "cuDeviceGetName");
        Devices.Synchronize(device); // starts the driver
        int handle;
        Check(get(&handle, Math.Max(0, device.index)), "cuDeviceGet");
        var text = stackalloc byte[256];
        Check(name(text, 256, handle), "cuDeviceGetName");
        return Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }

    /// <summary>Bytes in use, by all programs, and bytes there are.</summary>
    public static (long Used, long Total) MemoryOf(Device device)
    {
        var info = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(Library, "cuMemGetInfo_v2");
        Devices.Synchronize(device); // makes the device's context this thread's
        nuint free, total;
        Check(info(&free, &total), "cuMemGetInfo");
        return ((long)(total - free), (long)total);
    }

    static void Check(int code, string function)
    {
        if (code != 0) throw new ExternalException($"{function} failed with CUDA error {code}");
    }
}

/// <summary>
/// The most memory taken since this was made: on a GPU what torch's allocator holds (it gives nothing back while there is enough) and what
/// libraries took beside it, on a CPU the process's largest resident memory since its start.
/// </summary>
sealed class PeakMemory
{
    readonly Device _device;
    readonly long _before;

    public PeakMemory(Device device)
    {
        _device = device;
        _before = device.type == DeviceType.CUDA ? GpuDriver.MemoryOf(device).Used : 0;
    }

    public long Bytes
    {
        get
        {
            if (_device.type == DeviceType.CUDA) return GpuDriver.MemoryOf(_device).Used - _before;
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }
}
