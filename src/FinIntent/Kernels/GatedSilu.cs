using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Computes silu(gate) · up. GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202</summary>
static class GatedSilu
{
    const string File = "gated_silu.cu";

    static readonly Kernel ForwardKernel = new(File, "gated_silu"), ForwardAny = new(File, "gated_silu_any");
    static readonly Kernel BackwardKernel = new(File, "gated_silu_backward"), BackwardAny = new(File, "gated_silu_backward_any");

    /// <summary>Takes gate and up side by side [T, 2I] and returns the product [T, I].</summary>
    public static Tensor Forward(Tensor gateUp) =>
        KernelDevice.Of(gateUp, ForwardKernel) is { } device && gateUp.is_contiguous() ? On(device, gateUp) : Plain(gateUp);

    /// <summary>Returns gate's and up's gradient [T, 2I] for the product's [T, I], and the product, which is not kept.</summary>
    public static (Tensor Gradient, Tensor Product) Backward(Tensor dy, Tensor gateUp) =>
        KernelDevice.Of(gateUp, BackwardKernel) is { } device && gateUp.is_contiguous() && dy.is_contiguous() && dy.dtype == gateUp.dtype
            ? BackwardOn(device, dy, gateUp)
            : PlainBackward(dy, gateUp);

    /// <summary>Defines the function in plain operators, which torch can differentiate.</summary>
    public static Tensor Plain(Tensor gateUp)
    {
        using var scope = NewDisposeScope();
        var half = gateUp.shape[1] / 2;
        return (nn.functional.silu(gateUp.narrow(1, 0, half)) * gateUp.narrow(1, half, half)).MoveToOuterDisposeScope();
    }

    public static (Tensor Gradient, Tensor Product) PlainBackward(Tensor dy, Tensor gateUp)
    {
        using var scope = NewDisposeScope();
        var half = gateUp.shape[1] / 2;
        Tensor gate = gateUp.narrow(1, 0, half), up = gateUp.narrow(1, half, half);
        var active = nn.functional.silu(gate);
        var gradient = empty_like(gateUp);
        gradient.narrow(1, 0, half).copy_(Aten.Call("aten::silu_backward", "", 1, dy * up, gate)[0]);
        gradient.narrow(1, half, half).copy_(active * dy);
        return (gradient.MoveToOuterDisposeScope(), active.mul_(up).MoveToOuterDisposeScope());
    }

    internal static Tensor On(KernelDevice device, Tensor gateUp)
    {
        var (rows, columns) = (gateUp.size(0), gateUp.size(1) / 2);
        var product = empty([rows, columns], dtype: gateUp.dtype, device: gateUp.device);
        var (isWhole, shape) = Shape(gateUp, rows, columns, KernelDevice.AreAligned(gateUp, product));
        device.Launch(isWhole ? ForwardKernel : ForwardAny, gateUp.dtype, shape, gateUp, product, (int)columns);
        return product;
    }

    internal static (Tensor Gradient, Tensor Product) BackwardOn(KernelDevice device, Tensor dy, Tensor gateUp)
    {
        var (rows, columns) = (gateUp.size(0), gateUp.size(1) / 2);
        Tensor gradient = empty_like(gateUp), product = empty_like(dy);
        var (isWhole, shape) = Shape(gateUp, rows, columns, KernelDevice.AreAligned(gateUp, dy, gradient, product));
        device.Launch(isWhole ? BackwardKernel : BackwardAny, gateUp.dtype, shape, dy, gateUp, gradient, product, (int)columns);
        return (gradient, product);
    }

    static (bool IsWhole, LaunchShape Shape) Shape(Tensor gateUp, long rows, long columns, bool isAligned)
    {
        var lanes = KernelDevice.Lanes(gateUp.dtype);
        return isAligned && columns % lanes == 0
            ? (true, LaunchShape.Rows(rows, columns / lanes)) : (false, LaunchShape.Rows(rows, columns));
    }
}
