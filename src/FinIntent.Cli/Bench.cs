using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FinIntent.Data;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Training;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Cli;

/// <summary>What is measured: a model's shape with random weights, on rows of random tokens as long as the seed's (110 to 140).</summary>
sealed record BenchOptions(string Shape, int? Layers, int Rows, int Steps, ScalarType Type);

/// <summary>Speed of LoRA training and of scoring, against the machine's own matrix products. Medians after a warm-up.</summary>
sealed class Bench(BenchOptions options, TextWriter console)
{
    const int ScoredTokensAtOnce = 2048, Questions = 75;

    static readonly Dictionary<string, string> Shapes = new()
    {
        ["qwen2.5-0.5b"] = """{"hidden_size":896,"intermediate_size":4864,"num_hidden_layers":24,"num_attention_heads":14,"num_key_value_heads":2,"vocab_size":151936,"tie_word_embeddings":true""",
        ["qwen2.5-7b"] = """{"hidden_size":3584,"intermediate_size":18944,"num_hidden_layers":28,"num_attention_heads":28,"num_key_value_heads":4,"vocab_size":152064,"tie_word_embeddings":false""",
    };

    public static IReadOnlyCollection<string> KnownShapes => Shapes.Keys;

    public void Run()
    {
        var device = Devices.Default;
        var gemm = GemmRate(device);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Shape}, {options.Type}, {device}, {get_num_threads()} threads; 2048 x 2048 x 2048 product: {gemm:f3} TFLOP/s"));

        using var model = RandomModel.Create(Config(), new(options.Type, device), seed: 1);
        var linears = model.named_parameters().Where(p => p.parameter.dim() == 2 && p.name.Contains(".layers.")).Sum(p => p.parameter.numel());
        var score = Score(model);
        var scoreMemory = PeakGigabytes();
        var train = Train(model);

        var table = new Table();
        table.AddColumns("", "tokens/s", "TFLOP/s", "of the product's rate", "peak memory");
        AddRow($"score {Questions} rows", score, 2, scoreMemory);
        AddRow($"train LoRA, {options.Rows} rows an update", train, 4, PeakGigabytes());
        AnsiConsole.Write(table);

        void AddRow(string name, double tokensPerSecond, int flopsPerWeight, double memory)
        {
            var rate = flopsPerWeight * linears * tokensPerSecond / 1e12;
            table.AddRow(name, Text(tokensPerSecond, "f0"), Text(rate, "f3"), Text(rate / gemm, "p0"), Text(memory, "f1") + " GB");
        }
    }

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    JsonElement Config()
    {
        var config = JsonDocument.Parse($$"""{{Shapes[options.Shape]}},"model_type":"qwen2","rope_theta":1000000.0,"rms_norm_eps":1e-6}""").RootElement;
        if (options.Layers is not { } layers) return config;
        var fields = config.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        fields["num_hidden_layers"] = JsonSerializer.SerializeToElement(layers);
        return JsonSerializer.SerializeToElement(fields);
    }

    /// <summary>TFLOP/s of the best of ten products.</summary>
    double GemmRate(Device device)
    {
        const int n = 2048;
        using var scope = NewDisposeScope();
        Tensor a = randn(n, n, device: device).to(options.Type), b = randn(n, n, device: device).to(options.Type);
        return 2.0 * n * n * n / Enumerable.Range(0, 10).Min(_ => Seconds(() => a.matmul(b).Dispose(), device)) / 1e12;
    }

    static double Seconds(Action work, Device device)
    {
        var clock = Stopwatch.StartNew();
        work();
        Devices.Synchronize(device);
        return clock.Elapsed.TotalSeconds;
    }

    double Score(CausalLanguageModel model)
    {
        using var _ = no_grad();
        var rows = RandomRows(Questions, model.Shape.VocabularySize);
        var tokens = rows.Sum(r => r.InputIds.Length);
        return Median(Enumerable.Range(0, 4).Select(_ => tokens / Seconds(() =>
        {
            foreach (var part in MicroBatches.Cut(rows, ScoredTokensAtOnce))
            {
                using var batch = TokenBatch.Last([.. part.Select(r => r.InputIds)], model.Placement.Device);
                model.forward(batch).Dispose();
            }
        }, model.Placement.Device)).Skip(1));
    }

    double Train(CausalLanguageModel model)
    {
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
        var settings = new TrainSettings { PerDeviceTrainBatchSize = options.Rows, MaxSteps = options.Steps + 1, LearningRate = 1e-4 };
        var speeds = new Speeds();
        new Trainer(model, new(adapters.Parameters, _ => { }) { IsBaseFrozen = true }, new() { Train = settings },
            new(new MemoryRows(RandomRows(options.Rows * (options.Steps + 1), model.Shape.VocabularySize)), null), null, speeds).Run();
        return Median(speeds.TokensPerSecond.Skip(1));
    }

    /// <summary>110 to 140 tokens, the last two of them labels: a letter and the end of the answer.</summary>
    static TokenRow[] RandomRows(int count, int vocabulary)
    {
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                var ids = new int[random.Next(110, 141)];
                for (var t = 0; t < ids.Length; t++) ids[t] = random.Next(vocabulary);
                return new TokenRow(ids, [.. Enumerable.Repeat(TokenRow.IgnoredLabel, ids.Length - 2), .. ids[^2..]]);
            }),
        ];
    }

    static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    static double PeakGigabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e9;
    }

    sealed class Speeds : IProgress<StepReport>
    {
        public List<double> TokensPerSecond { get; } = [];

        public void Report(StepReport report)
        {
            if (report.Loss is not null) TokensPerSecond.Add(report.TokensPerSecond);
        }
    }
}
