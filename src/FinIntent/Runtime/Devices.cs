using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>Where a command computes.</summary>
public static class Devices
{
    /// <summary>The first CUDA device (of those CUDA_VISIBLE_DEVICES shows) when libtorch has one, else the CPU.</summary>
    public static Device Default
    {
        get
        {
            LibTorch.Load();
            return LibTorch.HasCuda ? CUDA : CPU;
        }
    }

    /// <summary>Waits until the device has done all it was given; call before reading a clock.</summary>
    public static void Synchronize(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(device);
    }
}
