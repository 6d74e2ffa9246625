using System.Diagnostics;
using FinIntent.Checkpoints;
using FinIntent.Data.Rows;
using FinIntent.Data.Tokens;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Models.Packed;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Tests.Models.Packed;

/// <summary>
/// What packing costs, on the embedded model: the numbers of docs/log.md. Run with
/// <c>FinIntent.Tests -explicit only -class FinIntent.Tests.Models.Packed.QualityMeasurement -showLiveOutput</c>.
/// </summary>
[Trait("tier", "demand")]
public sealed class QualityMeasurement
{
    static readonly (string Name, Func<Tensor, PackedWeight> Pack)[] Formats =
    [
        .. PackedWeights.All.Select(f => (f.Name, (Func<Tensor, PackedWeight>)(weight => f.Pack(weight, isTrained: false)))),
        ("int8, nothing exact", weight => DequantizedWeight.Of(weight, rows => Int8Rows.Of(rows, double.PositiveInfinity))),
    ];

    static string Folder => Path.Combine(Reference.Root, "models", "finintent-8m");

    static Tokenizer Tokenizer => field ??= Tokenizer.Load(Folder);

    /// <summary>Mean over all places of KL(plain fp32 ‖ packed), computed in fp32, so that only the packing differs.</summary>
    [Fact(Explicit = true)]
    public void Divergence_of_the_logits()
    {
        foreach (var (text, rows) in new[] { ("our evaluation rows", EvaluationRows()), ("laws, running text", Laws()) })
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            using var plain = PretrainedModel.Load(Folder, ScalarType.Float32, CPU);
            var reference = LogProbabilities(plain, rows);
            TestContext.Current.TestOutputHelper!.WriteLine($"{text}: {rows.Count} rows, {rows.Sum(r => r.Length)} tokens");
            using (var half = PretrainedModel.Load(Folder, ScalarType.BFloat16, CPU)) Show("bf16, nothing packed", half, rows, reference);
            foreach (var (name, pack) in Formats)
            {
                using var packed = PretrainedModel.Load(Folder, ScalarType.Float32, CPU);
                Pack(packed, pack);
                Show(name, packed, rows, reference);
            }
        }
    }

    /// <summary>
    /// Some norm weights divided by a factor and the columns behind them multiplied by it: the same function, with weights as
    /// large language models have them.
    /// </summary>
    [Fact(Explicit = true)]
    public void Divergence_with_columns_of_large_weights()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var rows = EvaluationRows();
        using var plain = PretrainedModel.Load(Folder, ScalarType.Float32, CPU);
        var reference = LogProbabilities(plain, rows);
        foreach (var (factor, columns) in new[] { (8, 2), (30, 1), (30, 4), (100, 1) })
        {
            foreach (var (name, pack) in Formats)
            {
                using var packed = PretrainedModel.Load(Folder, ScalarType.Float32, CPU);
                Plant(packed, factor, columns);
                Pack(packed, pack);
                Show($"x {factor} in {columns}: {name}", packed, rows, reference);
            }
        }
    }

    /// <summary>
    /// NF4's scales in 8 bits: evenly spaced, and in bitsandbytes' floating code (functional.create_dynamic_map), whose seven decades have
    /// 1, 2, 4 … 64 evenly spaced values each.
    /// </summary>
    [Fact(Explicit = true)]
    public void Error_of_scales_in_8_bits()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var plain = PretrainedModel.Load(Folder, ScalarType.Float32, CPU);
        var values = Enumerable.Range(0, 7).SelectMany(i => Enumerable.Range(0, 1 << i)
            .Select(j => Math.Pow(10, i - 6) * (0.1 + 0.9 * (j + 0.5) / (1 << i)))).ToList();
        var code = tensor([.. values.Concat(values.Select(v => -v)).Append(0).Append(1).Order().Select(v => (float)v)],
            dtype: ScalarType.Float32);
        var borders = (code.narrow(0, 0, 255) + code.narrow(0, 1, 255)) / 2;
        var errors = (Even: 0.0, Floating: 0.0, Count: 0L);
        foreach (var (name, weight) in plain.named_parameters().Where(p => p.name.Contains("_proj.weight")))
        {
            var absmax = weight.view(-1, 64).abs().amax([1]);
            var distances = (absmax - absmax.mean()).view(-1, 256);
            var unit = distances / distances.abs().amax([1], keepdim: true);
            Tensor even = (unit * 127).round() / 127, floating = code.index_select(0, bucketize(unit, borders).view(-1)).view_as(unit);
            errors.Even += Squares((even - unit) * distances.abs().amax([1], keepdim: true));
            errors.Floating += Squares((floating - unit) * distances.abs().amax([1], keepdim: true));
            errors.Count += absmax.numel();
        }
        var spread = Math.Sqrt(plain.named_parameters().Where(p => p.name.Contains("_proj.weight"))
            .Sum(p => Squares(p.parameter.view(-1, 64).abs().amax([1]))) / errors.Count);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"root mean square error over the scales': even {Math.Sqrt(errors.Even / errors.Count) / spread:e2}, " +
            $"floating {Math.Sqrt(errors.Floating / errors.Count) / spread:e2}");

        static double Squares(Tensor x) => x.square().sum().item<float>();
    }

    /// <summary>
    /// The demo's training on a float8 base, multiplied in plain operators as a GPU would; the other formats are measured by
    /// `finintent train config/demo/lora.yaml quantization_bit=…`.
    /// </summary>
    [Theory(Explicit = true)]
    [InlineData(null, 42)]
    [InlineData("fp8", 42)]
    [InlineData("fp8", 1)]
    [InlineData("fp8", 2)]
    public void The_demos_accuracy_after_training(string? format, int seed)
    {
        set_num_threads(2);
        var file = Path.Combine(Reference.Root, "config", "demo", "lora.yaml");
        var settings = SettingsFile.Load(file, [$"dataset_dir={Path.Combine(Reference.Root, "data")}", $"seed={seed}"]);
        var template = ChatTemplate.Get("default", Tokenizer);
        using var rows = TrainingRows.Load(settings.Dataset, settings.Method.Stage, seed,
            () => RowEncoder.For(Stage.Sft, settings.Dataset, Tokenizer, template), _ => { });
        using var checkpoint = Checkpoint.Open(Folder);
        var packing = format is null ? null : PackedWeights.FormatOf(format);
        using var model = PretrainedModel.Load(checkpoint, Placement.Cpu(ScalarType.BFloat16), packing, isTrained: true);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed);
        var trainable = new Trainable(adapters.Parameters, _ => { }) { IsBaseFrozen = true, SetTraining = adapters.SetTraining };
        var options = new TrainingOptions { Train = settings.Train, Evaluation = settings.Evaluation, Output = settings.Output };

        var result = new Trainer(model, trainable, options, new(rows.Train, rows.Validation)).Run(TestContext.Current.CancellationToken);
        adapters.SetTraining(false);

        TestContext.Current.TestOutputHelper!.WriteLine($"{format ?? "bf16"}, seed {seed}: mean loss {result.TrainLoss:f4}, " +
            $"validation loss {result.Evaluation!.Loss:f4}, right {Right(model, template)} of 150");
    }

    static int Right(CausalLanguageModel model, ChatTemplate template)
    {
        var questions = QuestionFile.Load(Path.Combine(Reference.Root, "data", "intent_eval.json"));
        var scorer = new OptionScorer(model, 4096);
        var asked = questions.Select(q => new OptionQuestion(template.EncodePrompt(new(null, [new("user", q.Prompt.Text)])),
            OptionAnswers.For(template, q.Options.Select(o => o.Label)))).ToList();
        var probabilities = scorer.Batches(asked).SelectMany(batch => scorer.Score(asked[batch])).ToList();
        return questions.Zip(probabilities).Count(q => q.First.Options[Array.IndexOf(q.Second, q.Second.Max())].Label == q.First.Gold);
    }

    static List<int[]> EvaluationRows()
    {
        var template = ChatTemplate.Get("default", Tokenizer);
        return [.. QuestionFile.Load(Path.Combine(Reference.Root, "data", "intent_eval.json")).Select(q =>
            template.EncodeSupervised(new(null, [new("user", q.Prompt.Text), new("assistant", q.Gold)]),
                new SupervisedOptions()).InputIds)];
    }

    /// <summary>The first 64 stretches of 200 tokens.</summary>
    static List<int[]> Laws()
    {
        var command = new ProcessStartInfo("xz", ["-dc", Reference.Shared("corpus/laws_zh.txt.xz")]) { RedirectStandardOutput = true };
        using var xz = Process.Start(command)!;
        var text = new char[60_000];
        var count = xz.StandardOutput.ReadBlock(text);
        xz.Kill();
        return [.. Tokenizer.Encode(new(text, 0, count)).Chunk(200).Take(64)];
    }

    static Tensor LogProbabilities(CausalLanguageModel model, List<int[]> rows)
    {
        using var scope = NewDisposeScope();
        return cat([.. rows.Chunk(16).Select(part =>
        {
            using var batch = TokenBatch.All(part, CPU);
            return functional.log_softmax(model.forward(batch).to(ScalarType.Float32), -1);
        })], 0).MoveToOuterDisposeScope();
    }

    static void Show(string name, CausalLanguageModel model, List<int[]> rows, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var actual = LogProbabilities(model, rows);
        var divergence = (reference.exp() * (reference - actual)).sum(-1);
        var isSame = reference.argmax(-1).eq(actual.argmax(-1)).to(ScalarType.Float32);
        var groups = model.Layers.SelectMany(layer => layer.Groups).ToList();
        var bits = 8.0 * groups.Sum(g => g.Packed?.Bytes ?? 0) / groups.Sum(g => (long)g.Outputs * g.Members[0].Inputs);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{name,-36} KL {divergence.mean().item<float>():e2}, 99 % {divergence.quantile(tensor(0.99f)).item<float>():e2}; " +
            $"same first token {isSame.mean().item<float>():p2}; {bits:f2} bits");
    }

    static void Pack(CausalLanguageModel model, Func<Tensor, PackedWeight> pack)
    {
        foreach (var group in model.Layers.SelectMany(layer => layer.Groups))
            group.Packed = pack(cat([.. group.Members.Select(m => (Tensor)m.Kernel)], 0));
    }

    static void Plant(CausalLanguageModel model, double factor, int columns)
    {
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var random = new Random(1);
        foreach (var layer in Enumerable.Range(0, model.Shape.Layers).Select(i => $"model.layers.{i}"))
        {
            for (var i = 0; i < columns; i++)
            {
                int attention = random.Next(model.Shape.HiddenSize), mlp = random.Next(model.Shape.HiddenSize), inner = random.Next(704);
                parameters[$"{layer}.input_layernorm.weight"][attention].div_(factor);
                foreach (var name in (string[])["q_proj", "k_proj", "v_proj"])
                    parameters[$"{layer}.self_attn.{name}.weight"].select(1, attention).mul_(factor);
                parameters[$"{layer}.post_attention_layernorm.weight"][mlp].div_(factor);
                foreach (var name in (string[])["gate_proj", "up_proj"])
                    parameters[$"{layer}.mlp.{name}.weight"].select(1, mlp).mul_(factor);
                parameters[$"{layer}.mlp.up_proj.weight"][inner].div_(factor);
                parameters[$"{layer}.mlp.down_proj.weight"].select(1, inner).mul_(factor);
            }
        }
    }
}
