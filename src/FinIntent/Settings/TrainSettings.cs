using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum SchedulerType { Linear, Cosine, CosineWithRestarts, Polynomial, Constant, ConstantWithWarmup, InverseSqrt }

enum Optimizer { AdamwTorch, AdamwTorchFused }

/// <summary>How the weights are moved.</summary>
sealed record TrainSettings
{
    /// <summary>Null: yes, because `finintent train` was asked for.</summary>
    public bool? DoTrain { get; init; }

    [Range(1, int.MaxValue)] public int PerDeviceTrainBatchSize { get; init; } = 8;
    [Range(1, int.MaxValue)] public int GradientAccumulationSteps { get; init; } = 1;

    [Range(0, double.MaxValue)] public double LearningRate { get; init; } = 5e-5;
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double NumTrainEpochs { get; init; } = 3;

    /// <summary>Updates in all, in place of num_train_epochs; -1: by epochs.</summary>
    public int MaxSteps { get; init; } = -1;

    public SchedulerType LrSchedulerType { get; init; } = SchedulerType.Linear;

    /// <summary>num_cycles (cosine, cosine_with_restarts), lr_end and power (polynomial), timescale (inverse_sqrt).</summary>
    public IReadOnlyDictionary<string, double> LrSchedulerKwargs { get; init; } = new Dictionary<string, double>();

    /// <summary>Updates in which the learning rate rises from 0; below 1 a share of all updates.</summary>
    [Range(0, double.MaxValue)] public double WarmupSteps { get; init; }

    /// <summary>Share of all updates; used when warmup_steps is 0.</summary>
    [Range(0.0, 1.0)] public double? WarmupRatio { get; init; }

    public Optimizer Optim { get; init; } = Optimizer.AdamwTorchFused;

    /// <summary>The decay is decoupled; biases and norm weights have none.</summary>
    [Range(0, double.MaxValue)] public double WeightDecay { get; init; }

    [Key("adam_beta1"), Range(0.0, 1.0, MaximumIsExclusive = true)] public double AdamBeta1 { get; init; } = 0.9;
    [Key("adam_beta2"), Range(0.0, 1.0, MaximumIsExclusive = true)] public double AdamBeta2 { get; init; } = 0.999;

    [Range(0, double.MaxValue)] public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Gradients are scaled down to this global L2 norm; 0: never.</summary>
    [Range(0, double.MaxValue)] public double MaxGradNorm { get; init; } = 1;

    /// <summary>True: computes in bfloat16; trained weights and the optimizer stay in fp32.</summary>
    public bool Bf16 { get; init; }

    /// <summary>True: computes in float16, with losses scaled so that gradients do not vanish; for GPUs without bfloat16.</summary>
    public bool Fp16 { get; init; }

    /// <summary>True: a GPU multiplies fp32 numbers with 10 bits of mantissa (Ampere and later).</summary>
    public bool? Tf32 { get; init; }

    public int Seed { get; init; } = 42;

    /// <summary>Seed of the rows' order; null: seed.</summary>
    public int? DataSeed { get; init; }

    /// <summary>True: the rows keep the order of their files.</summary>
    public bool DisableShuffling { get; init; }

    public bool DataloaderDropLast { get; init; }

    /// <summary>Ours: tokens that go through the model at once; null: what fits the free memory.</summary>
    /// <remarks>It bounds memory and does not change the result; a row that is longer goes alone.</remarks>
    [Range(1, int.MaxValue)] public int? MaxTokensPerForward { get; init; }
}
