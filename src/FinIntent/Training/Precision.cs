using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>Chooses the type that a run computes in.</summary>
static class Precision
{
    /// <summary>Returns the type that the settings ask for.</summary>
    public static ScalarType Wanted(TrainSettings train) =>
        train.Bf16 ? ScalarType.BFloat16 : train.Fp16 ? ScalarType.Float16 : ScalarType.Float32;

    /// <summary>Returns the type that a device computes in: fp32 on a CPU that is slower in 16 bits.</summary>
    public static ScalarType On(Device device, TrainSettings train) => Devices.TypeOn(device, Wanted(train));
}

/// <summary>Chooses the form in which quantization_bit and the keys beside it keep the base's weights.</summary>
static class BaseFormat
{
    /// <returns>Null where the weights stay plain numbers.</returns>
    public static WeightFormat? Of(ModelSettings model) => (model.QuantizationBit, model.QuantizationMethod) switch
    {
        (null, _) => null,
        (8, QuantizationMethod.Fp8) => WeightFormat.Fp8,
        (8, _) => WeightFormat.Int8,
        _ => model.DoubleQuantization ? WeightFormat.Nf4 : WeightFormat.Nf4SingleQuantized,
    };
}
