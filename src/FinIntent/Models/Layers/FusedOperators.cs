using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models.Layers;

/// <summary>The decoder's element-wise steps as one kernel each, with their gradients; the layers fall back to plain operators elsewhere.</summary>
static unsafe class FusedOperators
{
    /// <summary>x [T, n] · 1/√(mean(x²) + ε), rounded, times a frozen weight [n].</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) =>
        NeedsGradient(x) ? RmsNormFunction.apply(x, weight, epsilon) : RmsNormFunction.Forward(x, weight, epsilon, null);

    /// <summary>x [T, H, D] turned by cos and sin [T, 1, D / 2].</summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin) =>
        NeedsGradient(x) ? RotateFunction.apply(x, cos, sin) : RotateFunction.Turned(x, cos, sin, 1);

    // The engine copies what backward returns and leaves our handles to the finaliser, which would keep every gradient of a step alive.
    // By the next call on the thread it has copied, so the handles of the call before can go.
    [ThreadStatic]
    static List<Tensor>? _returned;

    static List<Tensor> Return(List<Tensor> saved, params List<Tensor> gradients)
    {
        foreach (var tensor in saved) tensor.Dispose();
        if (_returned is not null)
            foreach (var tensor in _returned) tensor?.Dispose();
        return _returned = gradients;
    }

    static bool NeedsGradient(Tensor x) => is_grad_enabled() && x.requires_grad;

    static byte* At(Tensor x) => TensorMemory.PointerOf(x);

    sealed class RmsNormFunction : autograd.SingleTensorFunction<RmsNormFunction>
    {
        public override string Name => nameof(RmsNormFunction);

        public static Tensor Forward(Tensor x, Tensor weight, double epsilon, Tensor? rstd)
        {
            var y = empty_like(x);
            var n = (int)x.shape[^1];
            var r = rstd is null ? null : (float*)At(rstd);
            if (x.dtype == ScalarType.BFloat16) CpuKernels.RmsNorm<BFloat16Lanes>(At(x), At(weight), At(y), r, x.numel() / n, n, (float)epsilon);
            else CpuKernels.RmsNorm<Float32Lanes>(At(x), At(weight), At(y), r, x.numel() / n, n, (float)epsilon);
            return y;
        }

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, weight) = ((Tensor)vars[0], (Tensor)vars[1]);
            var rstd = empty(x.numel() / x.shape[^1], dtype: ScalarType.Float32);
            ctx.save_for_backward([x, weight, rstd]);
            return Forward(x, weight, (double)vars[2], rstd);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var (x, weight, rstd) = (saved[0], saved[1], saved[2]);
            var dy = grad_output.contiguous();
            var dx = empty_like(x);
            var n = (int)x.shape[^1];
            if (x.dtype == ScalarType.BFloat16)
                CpuKernels.RmsNormBackward<BFloat16Lanes>(At(dy), At(x), At(weight), (float*)At(rstd), At(dx), x.numel() / n, n);
            else
                CpuKernels.RmsNormBackward<Float32Lanes>(At(dy), At(x), At(weight), (float*)At(rstd), At(dx), x.numel() / n, n);
            return Return(saved, dx, null!, null!);
        }
    }

    sealed class RotateFunction : autograd.SingleTensorFunction<RotateFunction>
    {
        public override string Name => nameof(RotateFunction);

        public static Tensor Turned(Tensor x, Tensor cos, Tensor sin, float direction)
        {
            var y = empty_like(x);
            var (rows, heads, n) = (x.shape[0], (int)x.shape[1], (int)x.shape[2]);
            if (x.dtype == ScalarType.BFloat16) CpuKernels.Rotate<BFloat16Lanes>(At(x), At(cos), At(sin), At(y), rows, heads, n, direction);
            else CpuKernels.Rotate<Float32Lanes>(At(x), At(cos), At(sin), At(y), rows, heads, n, direction);
            return y;
        }

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[1], (Tensor)vars[2]]);
            return Turned((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], 1);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            return Return(saved, Turned(grad_output.contiguous(), saved[0], saved[1], -1), null!, null!);
        }
    }
}
