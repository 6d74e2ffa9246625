using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FinIntent.Runtime;

/// <summary>These kernels do a decoder's element-wise work in one pass over memory each, where plain operators take three to six.</summary>
/// <remarks>They round where the plain operators round, and split rows over the cores when there is enough to do.</remarks>
static unsafe class CpuKernels
{
    const int Lanes = 16;
    const long ElementsPerTask = 1 << 18;

    /// <summary>Says whether the kernels take x: contiguous fp32 or bf16 on a CPU with AVX-512, last dimension in sixteens.</summary>
    public static bool Take(Tensor x) => Avx512F.IsSupported && x.device_type == DeviceType.CPU && x.is_contiguous()
        && x.dtype is ScalarType.Float32 or ScalarType.BFloat16 && x.shape[^1] % Lanes == 0;

    /// <summary>Computes y = round(x · r) · w with r = 1/√(mean(x²) + ε) for each row of n numbers.</summary>
    public static void RmsNorm<T>(byte* x, byte* weight, byte* y, long rows, int n, float epsilon) where T : struct, ILanes =>
        Split(rows, n, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                byte* source = x + row * n * T.ElementBytes, target = y + row * n * T.ElementBytes;
                var r = Scale<T>(source, n, epsilon);
                for (var i = 0; i < n; i += Lanes)
                {
                    var offset = i * T.ElementBytes;
                    T.Store(target + offset, T.Round(T.Load(source + offset) * r) * T.Load(weight + offset));
                }
            }
        });

    /// <summary>Computes dx = r · (w·dy − x̂ · mean(w·dy·x̂)) with x̂ = x·r.</summary>
    public static void RmsNormBackward<T>(byte* dy, byte* x, byte* weight, byte* dx, long rows, int n, float epsilon)
        where T : struct, ILanes =>
        Split(rows, n, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                var start = row * n * T.ElementBytes;
                var r = Scale<T>(x + start, n, epsilon);
                var sum = Vector512<float>.Zero;
                for (var i = 0; i < n; i += Lanes)
                {
                    var offset = i * T.ElementBytes;
                    sum += T.Load(dy + start + offset) * T.Load(weight + offset) * T.Load(x + start + offset);
                }
                var along = Vector512.Sum(sum) * r * r / n;
                for (var i = 0; i < n; i += Lanes)
                {
                    var offset = i * T.ElementBytes;
                    T.Store(dx + start + offset,
                        (T.Load(dy + start + offset) * T.Load(weight + offset) - T.Load(x + start + offset) * along) * r);
                }
            }
        });

    /// <summary>Returns 1/√(mean(x²) + ε).</summary>
    static float Scale<T>(byte* x, int n, float epsilon) where T : struct, ILanes
    {
        var sum = Vector512<float>.Zero;
        for (var i = 0; i < n; i += Lanes)
        {
            var value = T.Load(x + i * T.ElementBytes);
            sum += value * value;
        }
        return 1 / MathF.Sqrt(Vector512.Sum(sum) / n + epsilon);
    }

    /// <summary>Rotates in place the pairs (i, i + n/2) of the first heads' n numbers; direction −1 rotates back (the gradient).</summary>
    /// <remarks>x has the shape [rows, all heads, n]; cos and sin have the shape [rows, n/2] and x's type.</remarks>
    public static void Rotate<T>(byte* x, byte* cos, byte* sin, long rows, int heads, int allHeads, int n, float direction)
        where T : struct, ILanes =>
        Split(rows, heads * n, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (from, to) =>
        {
            int half = n / 2 * T.ElementBytes;
            for (var row = from; row < to; row++)
                for (var head = 0; head < heads; head++)
                {
                    var start = (row * allHeads + head) * n * T.ElementBytes;
                    for (var at = 0; at < half; at += Lanes * T.ElementBytes)
                    {
                        Vector512<float> c = T.Load(cos + row * half + at), s = T.Load(sin + row * half + at) * direction;
                        Vector512<float> a = T.Load(x + start + at), b = T.Load(x + start + half + at);
                        T.Store(x + start + at, T.Round(a * c) - T.Round(b * s));
                        T.Store(x + start + half + at, T.Round(b * c) + T.Round(a * s));
                    }
                }
        });

    static void Split(long rows, long elementsPerRow, Action<long, long> part)
    {
        var tasks = (int)Math.Min(get_num_threads(), rows * elementsPerRow / ElementsPerTask);
        if (tasks <= 1) part(0, rows);
        else Parallel.For(0, tasks, task => part(rows * task / tasks, rows * (task + 1) / tasks));
    }
}
