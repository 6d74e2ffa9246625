using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FinIntent.Kernels;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Runtime;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Cli;

/// <summary>Where the time of one decoder layer goes: each step of its forward and backward alone, at the 7B shape, medians.</summary>
sealed class LayerBench(int rows, int rowLength)
{
    const string Config = """{"hidden_size":3584,"intermediate_size":18944,"num_hidden_layers":1,"num_attention_heads":28,"num_key_value_heads":4,"vocab_size":32000,"tie_word_embeddings":true,"model_type":"qwen2","rope_theta":1000000.0,"rms_norm_eps":1e-6}""";

    readonly Table _table = new();
    readonly Device _device = Devices.Default;

    public void Run()
    {
        _table.AddColumns("step", "device ms", "host ms");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = RandomModel.Create(JsonDocument.Parse(Config).RootElement, new(ScalarType.BFloat16, _device), seed: 1);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
        foreach (var (_, p) in adapters.Parameters) p.grad = zeros_like(p).DetachFromDisposeScope();
        var parts = model.Layers[0].Parts;
        var batch = TokenBatch.Last([.. Enumerable.Range(0, rows).Select(r => Enumerable.Range(0, rowLength).Select(t => (r * 31 + t * 7) % 32000).ToArray())], _device);
        var rotary = model.RotaryAt(batch);
        long tokens = batch.TokenCount, width = model.Shape.HiddenSize;
        Tensor Random(long columns) => randn(tokens, columns, device: _device).to(ScalarType.BFloat16);

        foreach (var (name, group) in new[] { ("qkv", parts.Qkv), ("o", parts.Output), ("gate up", parts.GateUp), ("down", parts.Down) })
        {
            Tensor x = Random(group.Members[0].Inputs), dy = Random(group.Outputs);
            var adapted = group.Members.Select(m => m.Adapter).ToArray();
            foreach (var m in group.Members) m.Adapter = null;
            Measure($"{name} product", () => group.Forward(x, null).Dispose());
            Measure($"{name} product back", () => group.InputGradient(dy, new()).Dispose());
            foreach (var (m, a) in group.Members.Zip(adapted)) m.Adapter = a;
            Measure($"{name} joint factors", () => JointAdapter.Of(group.Members, ScalarType.BFloat16)!.Dispose());
            Measure($"{name} with adapters (cached)", () => group.Forward(x, null).Dispose());
            var tape = new LinearTape();
            group.Forward(x, tape).Dispose();
            Measure($"{name} input gradient", () => group.InputGradient(dy, tape).Dispose());
            Measure($"{name} adapter gradients", () => group.AddAdapterGradients(x, dy, tape));
        }
        Tensor h = Random(width), branch = Random(width), gateUp = Random(2 * 18944), dProduct = Random(18944);
        var joint = Random(4608).view(tokens, 36, 128);
        var open = parts.GateUp;
        foreach (var (_, p) in adapters.Parameters) p.normal_(0, 0.02);
        using var openTape = new LinearTape();
        var openSum = open.OpenForward(Random(width), openTape);
        Measure("silu of a low-rank sum", () => { var sum = openSum; LowRankGatedSilu.Forward(ref sum).Dispose(); });
        using var downTape = new LinearTape();
        parts.Down.Forward(dProduct, downTape).Dispose();
        var openGradient = parts.Down.OpenInputGradient(h, downTape);
        CheckLowRank(openGradient, openSum);
        Measure("silu back of low-rank sums", () => Discard(LowRankGatedSilu.Backward(openGradient, openSum)));
        Measure("norm", () => Discard(parts.MlpNorm.Frozen(h, branch)));
        Measure("norm back", () => parts.MlpNorm.FrozenBackward(branch, h, h).Dispose());
        Measure("rotary", () => rotary.Turn(joint, 32));
        Measure("silu", () => GatedSilu.Forward(gateUp).Dispose());
        Measure("silu back", () => Discard(GatedSilu.Backward(dProduct, gateUp)));
        var qkv = joint.split([28, 4, 4], 1);
        Measure("attention", () => Attention.Causal(qkv[0], qkv[1], qkv[2], batch, 0).Dispose());
        var start = new Residual(h, branch);
        Measure("layer forward", () =>
        {
            var (sum, next) = model.Layers[0].Forward(start, rotary, batch, null, out _);
            sum.Dispose();
            next!.Dispose();
        });
        Measure("layer forward and back", () =>
        {
            var (sum, next) = model.Layers[0].Forward(start, rotary, batch, null, out var tape, isTaped: true);
            sum.Dispose();
            next!.Dispose();
            using (tape) model.Layers[0].Backward(h, rotary, tape!).Dispose();
        });
        AnsiConsole.Profile.Width = 120;
        AnsiConsole.WriteLine($"one Qwen2.5-7B layer, bf16, {tokens} tokens in {rows} rows, {_device}");
        AnsiConsole.Write(_table);
    }

    /// <summary>The kernels against adding first, in relative distance.</summary>
    static void CheckLowRank(LowRankSum dy, LowRankSum gateUp)
    {
        using var scope = NewDisposeScope();
        var sum = gateUp;
        var product = LowRankGatedSilu.Forward(ref sum);
        var (gradient, again) = LowRankGatedSilu.Backward(dy, gateUp);
        var whole = gateUp.Base.clone().addmm_(gateUp.Low!, gateUp.Factor!, 1, 1);
        var (plainGradient, plainProduct) = GatedSilu.PlainBackward(dy.Base.clone().addmm_(dy.Low!, dy.Factor!, 1, 1), whole);
        double Distance(Tensor a, Tensor b) => ((a - b).to(ScalarType.Float32).norm() / b.to(ScalarType.Float32).norm()).item<float>();
        Console.WriteLine($"low-rank silu against adding first: product {Distance(product, plainProduct):g3}, {Distance(again, plainProduct):g3}, gradient {Distance(gradient, plainGradient):g3}, LoRA's share {Distance(gateUp.Low!.matmul(gateUp.Factor!) + whole, whole):g3}");
    }

    static void Discard((Tensor A, Tensor B) pair)
    {
        pair.A.Dispose();
        pair.B.Dispose();
    }

    /// <summary>Device time: ten calls queued together, over ten. Host time: until one call has returned.</summary>
    void Measure(string name, Action work)
    {
        using var scope = NewDisposeScope();
        work();
        List<double> whole = [], host = [];
        for (var i = 0; i < 7; i++)
        {
            Devices.Synchronize(_device);
            var clock = Stopwatch.StartNew();
            for (var k = 0; k < 10; k++) work();
            host.Add(clock.Elapsed.TotalMilliseconds / 10);
            Devices.Synchronize(_device);
            whole.Add(clock.Elapsed.TotalMilliseconds / 10);
        }
        _table.AddRow(name, Text(whole), Text(host));

        static string Text(List<double> values) => values.Order().ElementAt(values.Count / 2).ToString("f3", CultureInfo.InvariantCulture);
    }
}
