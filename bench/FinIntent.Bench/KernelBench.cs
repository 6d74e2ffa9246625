using System.Globalization;
using FinIntent.Kernels;
using FinIntent.Runtime;
using TorchSharp;
using static FinIntent.Bench.MeasuredTable;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>
/// Each kernel at the shape of a 7B model (Qwen2.5), bf16, beside the plain operators it stands for: the time that its bytes need at the
/// rate of
/// a device copy, and the time it takes.
/// </summary>
sealed class KernelBench(long tokens)
{
    const long Hidden = 3584, Heads = 28, KvHeads = 4, HeadDim = 128, Intermediate = 18944, Rank = 8;

    readonly MeasuredTable _table = new(Devices.Default, "kernel", "MB", "predicted ms", "measured ms", "TB/s", "plain ms");
    readonly Device _device = Devices.Default;
    double _bytesPerSecond;

    public void Run()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        _bytesPerSecond = CopyRate();
        Norms();
        Attention();
        Silu();
        Fp8();
        Weights();
        Factors();
        var rate = Text(_bytesPerSecond / 1e12, "f2");
        _table.Write($"{tokens} tokens, bf16, {_device}; a copy moves {rate} TB/s, which the predictions assume");
    }

    double CopyRate()
    {
        using var scope = NewDisposeScope();
        Tensor from = zeros(1 << 28, dtype: ScalarType.BFloat16, device: _device), to = empty_like(from);
        return 2.0 * from.numel() * 2 / _table.Time(() => to.copy_(from)).Seconds;
    }

    void Norms()
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(tokens, Hidden), branch = Random(tokens, Hidden), dy = Random(tokens, Hidden), weight = Random(Hidden);
        Measure("residual + norm", 4 * tokens * Hidden * 2,
            () => Discard(ResidualNorm.Forward(x, branch, weight, 1e-6, RmsNormOrder.CastThenScale)),
            () =>
            {
                using var sum = x + branch;
                ResidualNorm.Plain(sum, weight, 1e-6, RmsNormOrder.CastThenScale).Dispose();
            });
        Measure("norm", 2 * tokens * Hidden * 2, () => Discard(ResidualNorm.Forward(x, null, weight, 1e-6, RmsNormOrder.CastThenScale)),
            () => ResidualNorm.Plain(x, weight, 1e-6, RmsNormOrder.CastThenScale).Dispose());
        Measure("norm back + residual", 4 * tokens * Hidden * 2, () => ResidualNorm.Backward(dy, x, weight, 1e-6, branch).Dispose(),
            () => ResidualNorm.PlainBackward(dy, x, weight, 1e-6).add_(branch).Dispose());
    }

    void Attention()
    {
        using var scope = NewDisposeScope();
        var joint = Random(tokens, (Heads + 2 * KvHeads) * HeadDim).view(tokens, -1, HeadDim);
        Tensor q = Random(tokens, Heads, HeadDim), k = Random(tokens, KvHeads, HeadDim), v = Random(tokens, KvHeads, HeadDim);
        Tensor cos = Random(tokens, 1, HeadDim / 2).cos(), sin = Random(tokens, 1, HeadDim / 2).sin();
        var angles = 2 * tokens * HeadDim / 2 * 2;
        Measure("RoPE in place", 2 * tokens * (Heads + KvHeads) * HeadDim * 2 + angles,
            () => Rotary.Turn(joint, (int)(Heads + KvHeads), cos, sin, RotaryPairs.Halves),
            () => Rotary.Plain(joint.narrow(1, 0, Heads + KvHeads), cos, sin, RotaryPairs.Halves));
        Measure("q, k, v back joined", 2 * joint.numel() * 2 + angles, () => Rotary.Join(q, k, v, cos, sin, RotaryPairs.Halves).Dispose(),
            () => Rotary.Plain(cat([q, k, v], 1).narrow(1, 0, Heads + KvHeads), cos, sin, RotaryPairs.Halves));
    }

    void Silu()
    {
        using var scope = NewDisposeScope();
        Tensor gateUp = Random(tokens, 2 * Intermediate), dy = Random(tokens, Intermediate);
        Measure("SiLU · up", 3 * tokens * Intermediate * 2, () => GatedSilu.Forward(gateUp).Dispose(),
            () => GatedSilu.Plain(gateUp).Dispose());
        Measure("SiLU · up back", 6 * tokens * Intermediate * 2, () => Discard(GatedSilu.Backward(dy, gateUp)),
            () => Discard(GatedSilu.PlainBackward(dy, gateUp)));
    }

    void Fp8()
    {
        foreach (var columns in (long[])[Hidden, (Heads + 2 * KvHeads) * HeadDim, Intermediate, 2 * Intermediate])
        {
            using var scope = NewDisposeScope();
            var x = Random(tokens, columns);
            Measure($"fp8 rows of {columns}", 3 * x.numel() + 4 * tokens, () => Discard(Fp8Rows.Quantize(x)),
                () => Discard(Fp8Rows.Plain(x)));
        }
    }

    /// <summary>Measures the weights of gate_proj or up_proj, [18944, 3584].</summary>
    void Weights()
    {
        using var scope = NewDisposeScope();
        long count = Intermediate * Hidden, blocks = count / Dequantize.Block;
        var target = empty([Intermediate, Hidden], dtype: ScalarType.BFloat16, device: _device);
        Tensor values = zeros(Intermediate, Hidden, dtype: ScalarType.Int8, device: _device), scales = ones(Intermediate, device: _device);
        Measure("int8 weight", 3 * count + 4 * Intermediate, () => Dequantize.Int8(values, scales, target),
            () => Dequantize.PlainInt8(values, scales, target));
        var packed = randint(0, 256, [count / 2], dtype: ScalarType.Byte, device: _device);
        Tensor absmax8 = zeros(blocks, dtype: ScalarType.Int8, device: _device), mean = ones(1, device: _device);
        var absmaxScales = ones((blocks + Dequantize.ScaleBlock - 1) / Dequantize.ScaleBlock, device: _device);
        Measure("nf4 weight", 2 * count + count / 2 + blocks, () => Dequantize.Nf4(packed, absmax8, absmaxScales, mean, target), () =>
        {
            using var absmax = Dequantize.PlainAbsmax(absmax8, absmaxScales, mean);
            Dequantize.PlainNf4(packed, absmax, target);
        });
    }

    /// <summary>Measures the factors of gate_proj and up_proj together.</summary>
    void Factors()
    {
        using var scope = NewDisposeScope();
        LoraPart Part(long index) =>
            new(Random(Rank, Hidden).to(ScalarType.Float32), Random(Intermediate, Rank).to(ScalarType.Float32), 2, index * Intermediate,
                index * Rank);
        LoraPart[] parts = [Part(0), Part(1)];
        Tensor da = Random(2 * Rank, Hidden), db = Random(2 * Intermediate, 2 * Rank);
        long own = 2 * Rank * (Hidden + Intermediate), joint = 2 * Rank * (Hidden + 2 * Intermediate);
        Measure("LoRA factors laid out", 4 * own + 2 * joint, () => Discard(LoraFactors.Join(parts, 2 * Intermediate, ScalarType.BFloat16)),
            () => Discard(LoraFactors.PlainJoin(parts, 2 * Intermediate, ScalarType.BFloat16)));
        Measure("LoRA gradients added", 8 * own + 2 * joint, () => LoraFactors.AddGradients(da, db, parts),
            () => LoraFactors.PlainAdd(da, db, parts));
    }

    Tensor Random(params long[] shape) => randn(shape, device: _device).to(ScalarType.BFloat16);

    void Measure(string name, long bytes, Action kernel, Action plain)
    {
        var measured = _table.Time(kernel).Seconds;
        _table.Add(name, Text(bytes / 1e6, "f0"), Milliseconds(bytes / _bytesPerSecond), Milliseconds(measured),
            Text(bytes / measured / 1e12, "f2"), Milliseconds(_table.Time(plain).Seconds));
    }

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
