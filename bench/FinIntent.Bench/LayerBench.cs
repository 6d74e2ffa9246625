using FinIntent.Jobs.Bench;
using FinIntent.Kernels;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Runtime;
using TorchSharp;
using static FinIntent.Bench.MeasuredTable;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>
/// Where the time of one decoder layer goes: each step of its forward and backward alone, at the shape of Qwen2.5-7B in bf16.
/// </summary>
sealed class LayerBench(int rows, int rowLength)
{
    const int Intermediate = 18944, Heads = 28, KvHeads = 4, HeadDim = 128;

    readonly MeasuredTable _table = new(Devices.Default, "step", "device ms", "host ms");
    readonly Device _device = Devices.Default;
    readonly long _tokens = (long)rows * rowLength;

    public void Run()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = new BenchModel("qwen2.5-7b", 1, ScalarType.BFloat16, _device).Create(isTrained: true);
        using var adapters = BenchModel.Attach(model);
        foreach (var (_, p) in adapters.Parameters) p.grad = zeros_like(p).DetachFromDisposeScope();
        var layer = model.Layers[0];
        int[][] ids = [.. Enumerable.Range(0, rows)
            .Select(r => Enumerable.Range(0, rowLength).Select(t => (r * 31 + t * 7) % 32000).ToArray())];
        using var batch = TokenBatch.Last(ids, _device);
        var rotary = model.RotaryAt(batch);
        Tensor h = Random(model.Shape.HiddenSize), branch = Random(model.Shape.HiddenSize);

        Groups(layer.Parts);
        LowRankSilu(layer.Parts, adapters, h);
        Measure("norm", () => Discard(layer.Parts.MlpNorm.Frozen(h, branch)));
        Measure("norm back", () => layer.Parts.MlpNorm.FrozenBackward(branch, h, h).Dispose());
        Attention(rotary, batch);
        Whole(layer, rotary, batch, new(h, branch));
        _table.Write($"one Qwen2.5-7B layer, bf16, {_tokens} tokens in {rows} rows, {_device}");
    }

    void Groups(LayerParts parts)
    {
        foreach (var (name, group) in new[] { ("qkv", parts.Qkv), ("o", parts.Output), ("gate up", parts.GateUp), ("down", parts.Down) })
        {
            using var scope = NewDisposeScope();
            Tensor x = Random(group.Members[0].Inputs), dy = Random(group.Outputs);
            var adapted = group.Members.Select(m => m.Adapter).ToArray();
            foreach (var m in group.Members) m.Adapter = null;
            Measure($"{name} product", () => group.Forward(x, null).Dispose());
            Measure($"{name} product back", () => group.InputGradient(dy, new()).Dispose());
            foreach (var (m, a) in group.Members.Zip(adapted)) m.Adapter = a;
            Measure($"{name} joint factors", () => JointAdapter.Of(group.Members, ScalarType.BFloat16)!.Dispose());
            Measure($"{name} with adapters (cached)", () => group.Forward(x, null).Dispose());
            using var tape = new LinearTape();
            group.Forward(x, tape).Dispose();
            Measure($"{name} input gradient", () => group.InputGradient(dy, tape).Dispose());
            Measure($"{name} adapter gradients", () => group.AddAdapterGradients(x, dy, tape));
        }
    }

    void LowRankSilu(LayerParts parts, LoraAdapters adapters, Tensor h)
    {
        using var scope = NewDisposeScope();
        Tensor gateUp = Random(2 * Intermediate), dProduct = Random(Intermediate);
        foreach (var (_, p) in adapters.Parameters) p.normal_(0, 0.02);
        using var openTape = new LinearTape();
        var openSum = parts.GateUp.OpenForward(Random(h.shape[1]), openTape);
        Measure("silu of a low-rank sum", () =>
        {
            var sum = openSum;
            LowRankGatedSilu.Forward(ref sum).Dispose();
        });
        using var downTape = new LinearTape();
        parts.Down.Forward(dProduct, downTape).Dispose();
        var openGradient = parts.Down.OpenInputGradient(h, downTape);
        CheckLowRank(openGradient, openSum);
        Measure("silu back of low-rank sums", () => Discard(LowRankGatedSilu.Backward(openGradient, openSum)));
        Measure("silu", () => GatedSilu.Forward(gateUp).Dispose());
        Measure("silu back", () => Discard(GatedSilu.Backward(dProduct, gateUp)));
    }

    void Attention(RotaryEmbedding rotary, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var joint = Random((Heads + 2 * KvHeads) * HeadDim).view(_tokens, -1, HeadDim);
        Measure("rotary", () => rotary.Turn(joint, Heads + KvHeads));
        var qkv = joint.split([Heads, KvHeads, KvHeads], 1);
        Measure("attention", () => Models.Layers.Attention.Causal(qkv[0], qkv[1], qkv[2], batch, 0).Dispose());
    }

    void Whole(DecoderLayer layer, RotaryEmbedding rotary, TokenBatch batch, Residual start)
    {
        Measure("layer forward", () =>
        {
            var (sum, next) = layer.Forward(start, rotary, batch, null, out _);
            sum.Dispose();
            next!.Dispose();
        });
        Measure("layer forward and back", () =>
        {
            var (sum, next) = layer.Forward(start, rotary, batch, null, out var tape, isTaped: true);
            sum.Dispose();
            next!.Dispose();
            using (tape) layer.Backward(start.Sum, rotary, tape!).Dispose();
        });
    }

    /// <summary>Prints how far the kernels are from adding first, in relative distance.</summary>
    static void CheckLowRank(LowRankSum dy, LowRankSum gateUp)
    {
        using var scope = NewDisposeScope();
        var sum = gateUp;
        var product = LowRankGatedSilu.Forward(ref sum);
        var (gradient, again) = LowRankGatedSilu.Backward(dy, gateUp);
        var whole = gateUp.Base.clone().addmm_(gateUp.Low!, gateUp.Factor!, 1, 1);
        var (plainGradient, plainProduct) = GatedSilu.PlainBackward(dy.Base.clone().addmm_(dy.Low!, dy.Factor!, 1, 1), whole);
        var share = Distance(gateUp.Low!.matmul(gateUp.Factor!) + whole, whole);
        Console.WriteLine($"low-rank silu against adding first: product {Distance(product, plainProduct):g3}, " +
            $"{Distance(again, plainProduct):g3}, gradient {Distance(gradient, plainGradient):g3}, LoRA's share {share:g3}");

        static double Distance(Tensor a, Tensor b) =>
            ((a - b).to(ScalarType.Float32).norm() / b.to(ScalarType.Float32).norm()).item<float>();
    }

    Tensor Random(long columns) => randn(_tokens, columns, device: _device).to(ScalarType.BFloat16);

    void Measure(string name, Action work)
    {
        var (seconds, host) = _table.Time(work);
        _table.Add(name, Milliseconds(seconds), host is { } queued ? Milliseconds(queued) : "–");
    }
}
