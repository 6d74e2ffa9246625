using FinIntent.Kernels;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Kernels;

/// <summary>
/// What every kernel owes: its operator's definition in plain operators, on fresh random numbers. In 16 bits the plain operators round
/// where the
/// kernel does, so that all but few results are equal and those differ by one unit in the last place; few are those where a sum in another
/// order
/// or the hardware's exponential falls on the other side of a rounding.
/// </summary>
sealed class KernelContract(KernelDevice device, Device place, ScalarType type)
{
    const double Few = 0.01;

    readonly Generator _random = new((ulong)System.Random.Shared.NextInt64(), CPU);

    public void ResidualNorm_forward(long rows, long columns, RmsNormOrder order, bool hasBranch, ScalarType weightType)
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (Random(rows, columns), Random(weightType, columns));
        var branch = hasBranch ? Random(rows, columns) : null;
        var before = x.clone();
        Poison(x, x);

        var (sum, normed) = ResidualNorm.On(device, x, branch, weight, 1e-6, order);

        Assert.True(before.equal(x).all().item<bool>(), "x is left as it was");
        Same(branch is null ? x : x + branch, sum, "sum", few: 0);
        Same(ResidualNorm.Plain(sum, weight, 1e-6, order).to(type), normed, "normed");
    }

    public void ResidualNorm_backward(long rows, long columns, ScalarType weightType)
    {
        using var scope = NewDisposeScope();
        Tensor dy = Random(rows, columns), h = Random(rows, columns), added = Random(rows, columns), weight = Random(weightType, columns);
        Poison(h);

        var dx = ResidualNorm.BackwardOn(device, dy, h, weight, 1e-6, added);

        Same(ResidualNorm.PlainBackward(dy, h, weight, 1e-6).add(added), dx, "dx", scale: 4);
    }

    /// <summary>The sums in another order than the matrix library's, so that they may round to the other side.</summary>
    public void Low_rank_gated_silu(long rows, long columns, int ranks, int split, int ownRanks)
    {
        using var scope = NewDisposeScope();
        Tensor factor = Random(ranks, 2 * columns), own = Random(rows, columns);
        if (split > 0)
        {
            factor.narrow(0, 0, split).narrow(1, columns, columns).zero_();
            factor.narrow(0, split, ranks - split).narrow(1, 0, columns).zero_();
        }
        var gateUp = new LowRankSum(Random(rows, 2 * columns), Random(rows, ranks), factor, split);
        var dy = new LowRankSum(own, Random(rows, ownRanks), Random(ownRanks, columns));
        var wholeDy = new LowRankSum(own.clone(), dy.Low, dy.Factor).Complete();
        var whole = (gateUp with { Base = gateUp.Base.clone() }).Complete();
        Poison(own);

        var product = LowRankGatedSilu.On(device, gateUp);
        var (gradient, again) = LowRankGatedSilu.BackwardOn(device, dy, gateUp);

        var (expectedGradient, expected) = GatedSilu.PlainBackward(wholeDy, whole);
        Near(expected, product, "product");
        Near(expected, again, "product again");
        Near(expectedGradient, gradient, "gradient");

        void Near(Tensor expected, Tensor actual, string what)
        {
            // Each of up to three roundings in a row may fall on the other side.
            var unit = type == ScalarType.BFloat16 ? 1f / 256 : 1f / 2048;
            Tensor a = actual.to(ScalarType.Float32), b = expected.to(ScalarType.Float32);
            Assert.True(a.isfinite().all().item<bool>(), $"{what}: not all are finite");
            Assert.InRange(((a - b).norm() / b.norm()).item<float>(), 0, 2 * unit);
            TensorAssert.Close(b, a, 0.05 * b.abs().max().item<float>(), what);
        }
    }

    /// <summary>Three seats, of which the rows use two or leave some out; ranks are the same for every member.</summary>
    public void Low_rank_rows(int ranks, bool isGated, params int[] outputs)
    {
        using var scope = NewDisposeScope();
        const int rows = 150;
        (int, int, int)[] segments = [(0, 70, 0), (70, 75, 2), (75, 140, 1)]; // ten rows use none
        Tensor base_ = Random(rows, outputs.Sum()), low = Random(140, outputs.Length * ranks), all = Random(3, ranks * outputs.Sum() + 8);
        var factors = all.as_strided([3, ranks, outputs.Sum()], [all.shape[1], outputs.Sum(), 1], all.storage_offset());
        var (tiles, adapted, count) = FactorRows.TilesOf(segments, rows);
        Assert.Equal((5, 6), (adapted, count));
        var table = tensor(tiles.ToArray(), [count, 3], dtype: ScalarType.Int32, device: place);
        var sum = new LowRankSum(base_, low, factors, Rows: new(segments, table, adapted, count, outputs));
        var whole = sum with { Base = base_.clone() };
        LowRankRows.PlainAdd(whole);
        Poison(base_);

        if (isGated) Near(GatedSilu.Plain(whole.Base), LowRankRows.SiluOn(device, sum));
        else
        {
            LowRankRows.AddOn(device, sum);
            Near(whole.Base, sum.Base);
        }

        void Near(Tensor expected, Tensor actual)
        {
            var unit = type == ScalarType.BFloat16 ? 1f / 256 : 1f / 2048;
            Tensor a = actual.to(ScalarType.Float32), b = expected.to(ScalarType.Float32);
            Assert.True(a.isfinite().all().item<bool>(), "not all are finite");
            Assert.InRange(((a - b).norm() / b.norm()).item<float>(), 0, 2 * unit);
            TensorAssert.Close(b, a, 0.05 * b.abs().max().item<float>(), $"rank {ranks}");
        }
    }

    public void Rotary_turns_in_place_and_back(long rows, int all, int heads, int size, int turned, RotaryPairs pairs, ScalarType angleType)
    {
        using var scope = NewDisposeScope();
        var joint = Random(rows, all, size);
        var (cos, sin) = Angles(rows, turned, angleType);
        foreach (var isBack in (bool[])[false, true])
        {
            var expected = joint.clone();
            expected.narrow(1, 0, heads).narrow(2, 0, turned)
                .copy_(Rotary.Plain(joint.narrow(1, 0, heads).narrow(2, 0, turned), cos, isBack ? sin.neg() : sin, pairs));
            var actual = joint.clone();

            Rotary.TurnOn(device, actual, heads, cos, sin, pairs, isBack);

            Same(expected, actual, $"{pairs} back {isBack}", few: 0);
        }
    }

    public void Rotary_joins(long rows, int heads, int kvHeads, int size, int turned, RotaryPairs pairs, ScalarType angleType)
    {
        using var scope = NewDisposeScope();
        var q = Random(rows, heads, size);
        var kv = Random(rows, kvHeads, 2, size);                                                  // k and v lie between one another
        Tensor k = kv.select(2, 0), v = kv.select(2, 1);
        var (cos, sin) = Angles(rows, turned, angleType);
        var expected = cat([q, k, v], 1);
        var part = expected.narrow(1, 0, heads + kvHeads).narrow(2, 0, turned);
        part.copy_(Rotary.Plain(part, cos, sin.neg(), pairs));
        Poison(expected);

        var joint = Rotary.JoinOn(device, q, k, v, cos, sin, pairs);

        Same(expected, joint, $"{pairs}", few: 0);
    }

    public void GatedSilu_forward_and_backward(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        Tensor gateUp = Random(rows, 2 * columns) * 4, dy = Random(rows, columns);
        Poison(dy);
        var product = GatedSilu.On(device, gateUp);
        Poison(gateUp, dy);

        var (gradient, again) = GatedSilu.BackwardOn(device, dy, gateUp);

        var (expectedGradient, expectedProduct) = GatedSilu.PlainBackward(dy, gateUp);
        Same(GatedSilu.Plain(gateUp), product, "product");
        Same(expectedProduct, again, "product again");
        Same(expectedGradient, gradient, "gradient");
    }

    public void Fp8_rows(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var x = Random(rows, columns) * 30;
        x[0].zero_();
        if (rows > 1) x[1].mul_(1e-3);                                                            // most numbers fall among the smallest
        if (rows > 1 && columns > 3) x[1][3] = 1000;
        if (rows > 2) x[2].mul_(1e-39);

        var (values, scales) = Fp8Rows.On(device, x);

        var (expected, expectedScales) = Fp8Rows.Plain(x);
        Assert.Equal([rows, 1], scales.shape);
        Assert.Equal(1f, scales[0].item<float>());
        // A GPU divides by 448 as it multiplies by its reciprocal.
        Assert.True(((expectedScales - scales).abs() / expectedScales).max().item<float>() < 1e-6, "scales");
        Assert.Equal(Fp8Rows.Type, values.dtype);
        // Compared as numbers, since the plain operators leave the sign of a zero. Another last bit of the scale rounds a few to a
        // neighbour.
        Tensor wide = expected.to(ScalarType.Float32), difference = (wide - values.to(ScalarType.Float32)).abs();
        Assert.True((difference - (wide.abs() / 8 + 1.0 / 512)).max().item<float>() <= 1e-6, "values");
        Assert.InRange(difference.ne(0).sum().item<long>(), 0, 2 + (rows * columns / 1000));
    }

    public void Int8_rows(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var values = randint(-127, 128, [rows, columns], dtype: ScalarType.Int8, generator: _random).to(place);
        var scales = Random(ScalarType.Float32, rows).abs() / 127;
        Tensor expected = empty([rows, columns], dtype: type, device: place), actual = full_like(expected, double.NaN);

        Dequantize.Int8On(device, values, scales, actual);

        Dequantize.PlainInt8(values, scales, expected);
        Same(expected, actual, "int8", few: 0);
    }

    public void Nf4_numbers(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var blocks = (rows * columns + Dequantize.Block - 1) / Dequantize.Block;
        var packed = randint(0, 256, [blocks * Dequantize.Block / 2], dtype: ScalarType.Byte, generator: _random).to(place);
        var absmax8 = randint(-127, 128, [blocks], dtype: ScalarType.Int8, generator: _random).to(place);
        var scales = Random(ScalarType.Float32, (blocks + Dequantize.ScaleBlock - 1) / Dequantize.ScaleBlock).abs() / 127;
        var mean = Random(ScalarType.Float32, 1);
        Tensor expected = empty([rows, columns], dtype: type, device: place), actual = full_like(expected, double.NaN);

        Dequantize.Nf4On(device, packed, absmax8, scales, mean, actual);

        var absmax = Dequantize.PlainAbsmax(absmax8, scales, mean);
        Dequantize.PlainNf4(packed, absmax, expected);
        Same(expected, actual, "nf4", few: 0);

        Dequantize.Nf4On(device, packed, null, absmax, null, actual.fill_(double.NaN));
        Same(expected, actual, "nf4 without double quantisation", few: 0);
    }

    /// <summary>The scales are numbers that bf16 has: on a CPU, torch rounds what it multiplies 16-bit numbers with.</summary>
    /// <param name="members">Outputs and rank of each; rank 0: not adapted.</param>
    public void Lora_factors(long inputs, params (long Outputs, long Rank)[] members)
    {
        using var scope = NewDisposeScope();
        List<LoraPart> parts = [];
        long outputs = 0, ranks = 0;
        foreach (var (own, rank) in members)
        {
            if (rank > 0) parts.Add(new(Random(ScalarType.Float32, rank, inputs), Random(ScalarType.Float32, own, rank), 1
                + 0.25 * ranks, outputs, ranks));
            outputs += own;
            ranks += rank;
        }
        var like = empty([ranks, outputs], dtype: type, device: place);
        Poison(like);

        var (a, b) = LoraFactors.JoinOn(device, parts, outputs, type);

        var (expectedA, expectedB) = LoraFactors.PlainJoin(parts, outputs, type);
        Same(expectedA, a, "a", few: 0);
        Same(expectedB, b, "b", few: 0);

        Tensor da = Random(ranks, inputs), db = Random(outputs, ranks);
        List<LoraPart> expected = [.. parts.Select(p => p with { A = p.A.clone(), B = p.B.clone() })];
        LoraFactors.AddOn(device, da, db, parts);

        LoraFactors.PlainAdd(da, db, expected);
        foreach (var (e, p) in expected.Zip(parts))
        {
            TensorAssert.Close(e.A, p.A, 1e-5, "gradient of A");
            TensorAssert.Close(e.B, p.B, 1e-4, "gradient of B");
        }
    }

    (Tensor Cos, Tensor Sin) Angles(long rows, int turned, ScalarType angleType)
    {
        var angles = Random(ScalarType.Float32, rows, 1, turned / 2) * 10;
        return (angles.cos().to(angleType), angles.sin().to(angleType));
    }

    Tensor Random(params long[] shape) => Random(type, shape);

    Tensor Random(ScalarType as_, params long[] shape) => randn(shape, dtype: ScalarType.Float32, generator: _random).to(as_).to(place);

    /// <summary>Memory as large as the results' is filled with NaN and let go, for the allocator to hand out next.</summary>
    static void Poison(params Tensor[] like)
    {
        foreach (var tensor in like.Select(t => full_like(t, double.NaN)).ToArray()) tensor.Dispose();
    }

    /// <param name="scale">The magnitude of what was added up to give the result, where it can be far above the result.</param>
    void Same(Tensor expected, Tensor actual, string what, double few = Few, double scale = 0)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(type, actual.dtype);
        Tensor wide = expected.to(ScalarType.Float64), difference = (wide - actual.to(ScalarType.Float64)).abs();
        // Two units in the last place: a step between that fell on the other side of its rounding is rounded once more.
        var unit = type switch { ScalarType.BFloat16 => 1.0 / 64, ScalarType.Float16 => 1.0 / 512, _ => 1e-5 };
        var smallest = type == ScalarType.Float16 ? 6e-8 : type == ScalarType.BFloat16 ? 1e-38 : 1e-5;
        var excess = difference - ((wide.abs() + scale) * unit + smallest);
        var worst = excess.argmax().item<long>();
        Assert.True(excess.le(0).all().item<bool>(), $"{what}: at flat index {worst} {wide.flatten()[worst].item<double>():g6} expected, " +
            $"{actual.to(ScalarType.Float64).flatten()[worst].item<double>():g6} found");
        var unequal = expected.ne(actual).to(ScalarType.Float64).mean().item<double>();
        if (type != ScalarType.Float32) Assert.True(unequal <= few, $"{what}: {unequal:p2} of the results differ");
    }
}
