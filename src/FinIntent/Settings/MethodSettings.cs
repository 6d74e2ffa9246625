using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum Stage
{
    /// <summary>Continued pre-training: every token is a label.</summary>
    Pt,

    /// <summary>Supervised fine-tuning: the answers' tokens are labels.</summary>
    Sft,
}

enum FinetuningType { Lora, Full, Freeze }

/// <summary>What is trained.</summary>
sealed record MethodSettings
{
    public Stage Stage { get; init; } = Stage.Sft;
    public FinetuningType FinetuningType { get; init; } = FinetuningType.Lora;

    /// <summary>True: no fp32 copy of bf16 weights in full or freeze training.</summary>
    public bool PureBf16 { get; init; }

    [Range(1, int.MaxValue)] public int LoraRank { get; init; } = 8;

    /// <summary>The adapter's scale is alpha / rank; null: 2 · rank.</summary>
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double? LoraAlpha { get; init; }

    [Range(0.0, 1.0, MaximumIsExclusive = true)] public double LoraDropout { get; init; }

    /// <summary>Last components of module names; "all": every linear layer but the head.</summary>
    public IReadOnlyList<string> LoraTarget { get; init; } = ["all"];

    /// <summary>True: the scale is alpha / √rank.</summary>
    [Key("use_rslora")] public bool UseRsLora { get; init; }

    /// <summary>LoRA+: the learning rate of B is this times that of A; null: the same.</summary>
    [Key("loraplus_lr_ratio"), Range(0, double.MaxValue, MinimumIsExclusive = true)] public double? LoraPlusRatio { get; init; }

    /// <summary>True: adapters given are merged and a new one is trained; false: the last one is trained on.</summary>
    public bool CreateNewAdapter { get; init; }

    /// <summary>Layers trained by freeze: n > 0 the last n, n &lt; 0 the first |n|.</summary>
    public int FreezeTrainableLayers { get; init; } = 2;

    /// <summary>Parts of those layers that are trained: names such as self_attn or mlp, or all.</summary>
    public IReadOnlyList<string> FreezeTrainableModules { get; init; } = ["all"];

    /// <summary>Parts outside the layers that are trained too, such as embed_tokens, norm, lm_head.</summary>
    public IReadOnlyList<string> FreezeExtraModules { get; init; } = [];

    public double EffectiveLoraAlpha => LoraAlpha ?? 2.0 * LoraRank;
}
