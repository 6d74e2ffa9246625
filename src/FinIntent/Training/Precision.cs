using FinIntent.Runtime;
using FinIntent.Settings;
using static TorchSharp.torch;

namespace FinIntent.Training;

/// <summary>The type a run computes in.</summary>
static class Precision
{
    /// <summary>As asked for.</summary>
    public static ScalarType Wanted(TrainSettings train) => train.Bf16 ? ScalarType.BFloat16 : train.Fp16 ? ScalarType.Float16 : ScalarType.Float32;

    /// <summary>As it is on a device: fp32 on a CPU that is slower in 16 bits.</summary>
    public static ScalarType On(Device device, TrainSettings train) => Devices.TypeOn(device, Wanted(train));
}
