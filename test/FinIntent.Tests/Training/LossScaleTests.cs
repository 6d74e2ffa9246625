using System.Text.Json;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Training;

/// <summary>fp16: true.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class LossScaleTests
{
    [Fact]
    public void The_scale_does_not_change_what_is_trained()
    {
        var plain = Losses(ScalarType.Float32, isScaled: false);

        // A power of two, so not even by rounding.
        Assert.Equal(plain, Losses(ScalarType.Float32, isScaled: true));
    }

    [Fact]
    public void In_fp16_the_losses_stay_near_the_references()
    {
        using var fixture = ParityFixture.Open("qwen2");
        var expected = fixture.Train.GetProperty("losses").Deserialize<double[]>()!;

        var actual = Losses(ScalarType.Float16, isScaled: true);

        foreach (var (want, got) in expected.Zip(actual)) Assert.Equal(want, got, 0.01 * want);
    }

    [Fact]
    public void Both_16_bit_types_are_refused()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("train.yaml", "{model_name_or_path: m, dataset: d, output_dir: o, bf16: true, fp16: true}");

        var error = Assert.Throws<UserErrorException>(() => CrossChecks.CheckTraining(SettingsFile.Load(file, [])));

        Assert.Contains("fp16", error.Message);
        Assert.Contains("bf16", error.Message);
    }

    static double[] Losses(ScalarType type, bool isScaled)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model(type);
        using var adapters = LoraAdapters.Load(model, Path.Combine(fixture.Folder, "lora_init"));
        var reports = new ReportList();
        var options = fixture.TrainingOptions();
        options = new() { Train = options.Train with { Fp16 = isScaled }, Output = options.Output };
        new Trainer(model, new(adapters.Parameters, _ => { }) { IsBaseFrozen = true }, options, new(fixture.Rows()), null, reports)
            .Run(TestContext.Current.CancellationToken);
        return [.. reports.Select(r => r.Loss!.Value)];
    }
}
