using System.Text.Json;
using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Contracts;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainingParityTests() : TrainingParityContract(DeviceType.CPU, 1e-4);

/// <summary>Eight updates add up what a GPU's products round elsewhere.</summary>
[Trait("tier", "gpu")]
public sealed class GpuTrainingParityTests() : TrainingParityContract(DeviceType.CUDA, 1e-3);

/// <summary>A second, independent reference: larger models of another origin.</summary>
[Trait("tier", "shared")]
public sealed class SharedTrainingParityTests() : TrainingParityContract(DeviceType.CPU, 1e-4, isShared: true);

/// <summary>Eight optimizer steps against transformers and PEFT: fixtures/FAMILY/cases.json "train".</summary>
public abstract class TrainingParityContract(DeviceType device, double tolerance, bool isShared = false)
{
    public static MatrixTheoryData<string, bool> Cases => new(ParityFixture.Families.Select(row => row.Data), [true, false]);

    /// <param name="isBaseFrozen">With the backward written out, or with torch's.</param>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_norms_rates_and_the_trained_adapter_are_PEFTs(string family, bool isBaseFrozen)
    {
        using var fixture = ParityFixture.Open(family, device, isShared);
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Load(model, Path.Combine(fixture.Folder, "lora_init"));
        var reports = new ReportList();

        new Trainer(model, new(adapters.Parameters, _ => { }) { IsBaseFrozen = isBaseFrozen }, fixture.TrainingOptions(),
            new(fixture.Rows()), null, reports)
            .Run(TestContext.Current.CancellationToken);

        Assert.Equal(8, reports.Count);
        var names = new[] { "losses", "grad_norms", "learning_rates" };
        var actual = new Func<StepReport, double>[] { r => r.Loss!.Value, r => r.GradientNorm, r => r.LearningRate };
        foreach (var (name, value) in names.Zip(actual))
        {
            var expected = fixture.Train.GetProperty(name).Deserialize<double[]>()!;
            for (var i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(value(reports[i]) - expected[i]) <= tolerance * Math.Abs(expected[i]),
                    $"{name}[{i}] is {value(reports[i])}, PEFT's is {expected[i]}");
        }
        using var _ = no_grad();
        foreach (var (i, sequence) in fixture.Sequences.Index())
        {
            using var batch = TokenBatch.All([sequence], fixture.Device);
            using var logits = model.forward(batch);
            using var expected = fixture.Expected($"lora_logits.{i}");
            TensorAssert.Close(expected, logits, 1e-3, $"lora_logits.{i}");
        }
    }
}

/// <summary>Keeps every report.</summary>
sealed class ReportList : List<StepReport>, IProgress<StepReport>
{
    void IProgress<StepReport>.Report(StepReport report) => Add(report);
}

static class TrainingFixture
{
    public static MemoryRows Rows(this ParityFixture fixture) => new(
        [.. fixture.Train.GetProperty("rows").EnumerateArray()
            .Select(row => new TokenRow(Numbers(row, "input_ids"), Numbers(row, "labels")))]);

    /// <summary>The hyper-parameters of cases.json.</summary>
    public static TrainingOptions TrainingOptions(this ParityFixture fixture)
    {
        var h = fixture.Train.GetProperty("hyperparameters");
        return new()
        {
            Train = new()
            {
                PerDeviceTrainBatchSize = h.GetProperty("per_device_train_batch_size").GetInt32(),
                GradientAccumulationSteps = h.GetProperty("gradient_accumulation_steps").GetInt32(),
                LearningRate = h.GetProperty("learning_rate").GetDouble(),
                MaxSteps = h.GetProperty("steps").GetInt32(),
                WarmupSteps = h.GetProperty("warmup_steps").GetInt32(),
                LrSchedulerType = SchedulerType.Cosine,
                DisableShuffling = true,
            },
            Output = new() { LoggingSteps = 1, SaveStrategy = SaveStrategy.No },
        };
    }

    static int[] Numbers(JsonElement row, string name) => row.GetProperty(name).Deserialize<int[]>()!;
}
