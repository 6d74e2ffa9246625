using FinIntent.Models.Layers;
using FinIntent.Runtime;

namespace FinIntent.Models.Packed;

/// <summary>Is a form for the linears of frozen layers; embedding, head, biases and norms stay as they are.</summary>
sealed class WeightFormat
{
    readonly Func<Tensor, bool, PackedWeight> _pack;

    WeightFormat(string name, Func<Tensor, bool, PackedWeight> pack) => (Name, _pack) = (name, pack);

    /// <summary>8-bit whole numbers with a scale for each row.</summary>
    public static WeightFormat Int8 { get; } = new("int8", (weight, _) => DequantizedWeight.Of(weight, rows => Int8Rows.Of(rows)));

    /// <summary>4-bit NormalFloat with double quantisation: 4.13 bits a number.</summary>
    public static WeightFormat Nf4 { get; } =
        new("nf4", (weight, _) => DequantizedWeight.Of(weight, rows => Nf4Rows.Of(rows, isDouble: true)));

    /// <summary>4-bit NormalFloat with scales in fp32: 4.5 bits a number.</summary>
    public static WeightFormat Nf4SingleQuantized { get; } =
        new("nf4, scales in fp32", (weight, _) => DequantizedWeight.Of(weight, rows => Nf4Rows.Of(rows, isDouble: false)));

    /// <summary>8-bit floating numbers, multiplied as such; this needs a GPU of compute capability 8.9 or above.</summary>
    public static WeightFormat Fp8 { get; } = new("fp8", Fp8Weight.Of);

    /// <summary>The name that the record of a run gives it.</summary>
    public string Name { get; }

    /// <param name="weight">The weight [out, in], which is not kept.</param>
    /// <param name="isTrained">Says whether gradients will go through it.</param>
    internal PackedWeight Pack(Tensor weight, bool isTrained) => _pack(weight, isTrained);

    /// <exception cref="UserErrorException">The device cannot multiply in this format.</exception>
    public void Require(Device device)
    {
        const int major = 8, minor = 9;
        if (this != Fp8) return;
        const string remedy = "use quantization_method: bnb (int8), or leave out quantization_bit for bf16";
        if (device.type != DeviceType.CUDA)
            throw new UserErrorException($"quantization_method: fp8 needs a GPU, and this runs on the {device}; {remedy}");
        if (DeviceMemory.CapabilityOf(device) is { } has && has.CompareTo((major, minor)) < 0)
            throw new UserErrorException($"quantization_method: fp8 needs a GPU of compute capability {major}.{minor} (Ada, Hopper) " +
                $"or above, and this one has {has.Major}.{has.Minor}; {remedy}");
    }
}
