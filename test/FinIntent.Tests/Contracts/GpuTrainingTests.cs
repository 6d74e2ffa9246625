using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Contracts;

/// <summary>The demo's training of the embedded model (config/demo/lora.yaml) on a GPU: the loss curve is the CPU's.</summary>
[Trait("tier", "gpu")]
public sealed class GpuTrainingTests : IDisposable
{
    const int Updates = 20;

    readonly string _model = Path.Combine(Reference.Root, "models", "finintent-8m");
    readonly SettingsFile _settings;
    readonly TrainingRows _rows;

    public GpuTrainingTests()
    {
        Tier.NeedsGpu();
        _settings = SettingsFile.Load(Path.Combine(Reference.Root, "config", "demo", "lora.yaml"),
            [$"dataset_dir={Path.Combine(Reference.Root, "data")}"]);
        var tokenizer = Tokenizer.Load(_model);
        var template = ChatTemplate.Get(_settings.Dataset.Template!, tokenizer);
        _rows = TrainingRows.Load(_settings.Dataset, Stage.Sft, 42, () => RowEncoder.For(Stage.Sft, _settings.Dataset, tokenizer, template),
            _ => { });
    }

    public void Dispose() => _rows?.Dispose();

    /// <summary>
    /// In fp32 every loss within a thousandth; in bf16 no further from the CPU's fp32 curve than twice the CPU's own bf16 curve is.
    /// </summary>
    [Fact]
    public void The_loss_curve_is_the_CPUs()
    {
        var (exact, rounded) = (Losses(CPU, ScalarType.Float32), Losses(CPU, ScalarType.BFloat16));
        var (gpuExact, gpuRounded) = (Losses(CUDA, ScalarType.Float32), Losses(CUDA, ScalarType.BFloat16));

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"losses from {exact[0]:f3} to {exact[^1]:f3}; root mean square distance from the CPU's in fp32: " +
            $"CPU bf16 {Distance(exact, rounded):g3}, GPU fp32 {Distance(exact, gpuExact):g3}, GPU bf16 {Distance(exact, gpuRounded):g3}");
        Assert.All(exact.Zip(gpuExact), pair => Assert.Equal(pair.First, pair.Second, 1e-3 * Math.Max(1, pair.First)));
        Assert.InRange(Distance(exact, gpuRounded), 0, 2 * Distance(exact, rounded) + 1e-3);
    }

    static double Distance(IReadOnlyList<double> a, IReadOnlyList<double> b) =>
        Math.Sqrt(a.Zip(b).Average(pair => Math.Pow(pair.First - pair.Second, 2)));

    IReadOnlyList<double> Losses(Device device, ScalarType type)
    {
        using var model = PretrainedModel.Load(_model, type, device);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 42);
        var reports = new ReportList();
        var options = new TrainingOptions { Train = _settings.Train with { MaxSteps = Updates, GradientAccumulationSteps = 1 } };
        new Trainer(model, new(adapters.Parameters, _ => { }) { IsBaseFrozen = true }, options, new(_rows.Train), null, reports)
            .Run(TestContext.Current.CancellationToken);
        return [.. reports.Where(r => r.Loss is not null).Select(r => r.Loss!.Value)];
    }
}
