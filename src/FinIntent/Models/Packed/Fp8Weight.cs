using FinIntent.Kernels;
using FinIntent.Models.Layers;
using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Packed;

/// <summary>
/// A weight in float8 with a scale for each output, multiplied as such: what it meets is quantised with a scale for each row. The gradient
/// needs scales that run along the other side, so a weight that is trained through keeps a second copy for it, turned.
/// </summary>
sealed class Fp8Weight : PackedWeight
{
    // The tiles of the float8 product.
    const int Multiple = 16;

    readonly Matrix _forward;
    readonly Matrix? _backward;

    Fp8Weight(Matrix forward, Matrix? backward) => (_forward, _backward) = (forward, backward);

    public override long Bytes => _forward.Bytes + (_backward?.Bytes ?? 0);

    /// <param name="weight">[out, in].</param>
    /// <exception cref="UserErrorException">A side is no multiple of 16.</exception>
    public static Fp8Weight Of(Tensor weight, bool isTrained)
    {
        if (weight.shape.Any(side => side % Multiple != 0))
            throw new UserErrorException($"quantization_method: fp8 multiplies matrices whose sides are multiples of {Multiple}, and this model has one of " +
                $"[{string.Join(", ", weight.shape)}]; use quantization_method: bnb");
        using var scope = NewDisposeScope();
        return new(Matrix.Of(weight), isTrained ? Matrix.Of(weight.t().contiguous()) : null);
    }

    public override Tensor Product(Tensor x, Tensor? bias) => _forward.Product(x, bias);

    public override Tensor InputGradient(Tensor dy) =>
        (_backward ?? throw new InvalidOperationException("this float8 weight was loaded without the copy that gradients need")).Product(dy, null);

    public override void Dispose()
    {
        _forward.Dispose();
        _backward?.Dispose();
    }

    /// <summary>Float8 [N, K] with scales fp32 [1, N].</summary>
    sealed record Matrix(Tensor Values, Tensor Scales) : IDisposable
    {
        // What is needed in every product is made once: a small product is queued in less time.
        readonly Tensor _turned = Values.t().DetachFromDisposeScope();

        public long Bytes => Values.numel() + Scales.numel() * sizeof(float);

        public static Matrix Of(Tensor rows)
        {
            var (values, scales) = Fp8Rows.Quantize(rows);
            return new(values.DetachFromDisposeScope(), scales.view(1, -1).DetachFromDisposeScope());
        }

        /// <summary>x [T, K] → x·rowsᵀ + b [T, N].</summary>
        public Tensor Product(Tensor x, Tensor? bias)
        {
            using var scope = NewDisposeScope();
            var (values, scales) = Fp8Rows.Quantize(x);
            return (x.device_type == DeviceType.CUDA ? In(x.dtype, OnCuda(values, scales, bias)) : Plain(values, scales, bias, x.dtype)).MoveToOuterDisposeScope();
        }

        Tensor OnCuda(Tensor values, Tensor scales, Tensor? bias)
        {
            var sum = bias is null ? AtenArgument.None : AtenArgument.Some(In(ScalarType.BFloat16, bias));
            // self, mat2 (column-major), scale_a, scale_b, bias, scale_result, out_dtype, use_fast_accum
            return Aten.Call("aten::_scaled_mm", "", 1, values, _turned, scales, Scales, sum, AtenArgument.None,
                AtenArgument.Some((long)ScalarType.BFloat16), true)[0];
        }

        static Tensor In(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

        /// <summary>The same product of the numbers that the bits stand for.</summary>
        Tensor Plain(Tensor values, Tensor scales, Tensor? bias, ScalarType type)
        {
            var wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
            return functional.linear(values.to(wide) * scales.to(wide), Values.to(wide) * Scales.t().to(wide), bias?.to(wide)).to(type);
        }

        public void Dispose()
        {
            _turned.Dispose();
            Values.Dispose();
            Scales.Dispose();
        }
    }
}
