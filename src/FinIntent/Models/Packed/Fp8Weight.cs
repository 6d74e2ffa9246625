using FinIntent.Kernels;
using FinIntent.Models.Layers;
using FinIntent.Runtime;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Packed;

/// <summary>Keeps a weight in float8 with a scale for each output, and multiplies it as such with rows quantised the same way.</summary>
/// <remarks>The gradient needs scales along the other side, so a weight that is trained through keeps a transposed copy, too.</remarks>
sealed class Fp8Weight : PackedWeight
{
    // The float8 product works in tiles of this size.
    const int Multiple = 16;

    readonly Matrix _forward;
    readonly Matrix? _backward;

    Fp8Weight(Matrix forward, Matrix? backward) => (_forward, _backward) = (forward, backward);

    public override long Bytes => _forward.Bytes + (_backward?.Bytes ?? 0);

    /// <param name="weight">The weight, [out, in].</param>
    /// <exception cref="UserErrorException">A side is no multiple of 16.</exception>
    public static Fp8Weight Of(Tensor weight, bool isTrained)
    {
        if (weight.shape.Any(side => side % Multiple != 0))
            throw new UserErrorException($"quantization_method: fp8 multiplies matrices whose sides are multiples of {Multiple}, " +
                $"and this model has one of [{string.Join(", ", weight.shape)}]; use quantization_method: bnb");
        using var scope = NewDisposeScope();
        return new(Matrix.Of(weight), isTrained ? Matrix.Of(weight.t().contiguous()) : null);
    }

    public override Tensor Product(Tensor x, Tensor? bias) => _forward.Product(x, bias);

    public override Tensor InputGradient(Tensor dy) => _backward is { } turned
        ? turned.Product(dy, null)
        : throw new InvalidOperationException("this float8 weight was loaded without the copy that gradients need");

    public override void Dispose()
    {
        _forward.Dispose();
        _backward?.Dispose();
    }

    /// <summary>Holds a float8 matrix [N, K] with scales fp32 [1, N].</summary>
    sealed record Matrix(Tensor Values, Tensor Scales) : IDisposable
    {
        // Every product needs this view, so it is made once: a small product is then queued in less time.
        readonly Tensor _turned = Values.t().DetachFromDisposeScope();

        public long Bytes => Values.numel() + Scales.numel() * sizeof(float);

        public static Matrix Of(Tensor rows)
        {
            var (values, scales) = Fp8Rows.Quantize(rows);
            return new(values.DetachFromDisposeScope(), scales.view(1, -1).DetachFromDisposeScope());
        }

        /// <summary>Maps x [T, K] to x·rowsᵀ + b [T, N].</summary>
        public Tensor Product(Tensor x, Tensor? bias)
        {
            using var scope = NewDisposeScope();
            var (values, scales) = Fp8Rows.Quantize(x);
            var y = x.device_type == DeviceType.CUDA ? In(x.dtype, OnCuda(values, scales, bias)) : Plain(values, scales, bias, x.dtype);
            return y.MoveToOuterDisposeScope();
        }

        Tensor OnCuda(Tensor values, Tensor scales, Tensor? bias)
        {
            var sum = bias is null ? AtenArgument.None : AtenArgument.Some(In(ScalarType.BFloat16, bias));
            // self, mat2 (column-major), scale_a, scale_b, bias, scale_result, out_dtype, use_fast_accum
            return Aten.Call("aten::_scaled_mm", "", 1, values, _turned, scales, Scales, sum, AtenArgument.None,
                AtenArgument.Some((long)ScalarType.BFloat16), true)[0];
        }

        static Tensor In(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

        /// <summary>Computes the same product of the numbers that the bits stand for.</summary>
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
