using FinIntent.Models.Packed;
using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>The form that quantization_bit and its companions ask for.</summary>
static class BaseFormat
{
    /// <summary>Null: plain.</summary>
    public static WeightFormat? Of(ModelSettings model) => (model.QuantizationBit, model.QuantizationMethod) switch
    {
        (null, _) => null,
        (8, QuantizationMethod.Fp8) => WeightFormat.Fp8,
        (8, _) => WeightFormat.Int8,
        _ => model.DoubleQuantization ? WeightFormat.Nf4 : WeightFormat.Nf4SingleQuantized,
    };
}
