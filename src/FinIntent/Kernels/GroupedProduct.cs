using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Multiplies stretches of rows with a matrix each, in one launch: libtorch's grouped product.</summary>
/// <remarks>
/// libtorch has it for bf16 on Hopper and Blackwell and not on Windows (aten/src/ATen/native/cuda/GroupMM.cu, 2.10); elsewhere its own
/// replacement would wait for the device at every product. Rows must be multiples of 16 bytes.
/// </remarks>
static class GroupedProduct
{
    const int Most = 1023, Multiple = 8;

    static readonly Lazy<bool> IsThere = new(() => !OperatingSystem.IsWindows() && DeviceMemory.CapabilityOf(CUDA) is { Major: 9 or 10 });

    /// <summary>Says whether rows x [T, in] can be multiplied with factors [G, R, in].</summary>
    public static bool Takes(Tensor x, Tensor factors) => x.device_type == DeviceType.CUDA && x.dtype == ScalarType.BFloat16
        && factors.dtype == x.dtype && factors.shape[0] <= Most && factors.shape[1] % Multiple == 0 && factors.shape[2] % Multiple == 0
        && x.is_contiguous() && KernelDevice.AreAligned(x, factors) && IsThere.Value;

    /// <summary>Returns x·factors[g]ᵀ [T, R] for the rows of each g, which end at ends[g] (int32).</summary>
    public static Tensor Of(Tensor x, Tensor factors, Tensor ends)
    {
        using var scope = NewDisposeScope();
        // self, mat2, offs, bias, out_dtype
        return Aten.Call("aten::_grouped_mm", "", 1, x, factors.transpose(1, 2), AtenArgument.Some(ends), AtenArgument.None,
            AtenArgument.None)[0].MoveToOuterDisposeScope();
    }
}
