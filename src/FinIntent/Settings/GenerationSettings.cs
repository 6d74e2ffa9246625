using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

/// <summary>How answers are drawn. The defaults are LLaMA-Factory's, not those of the model's generation_config.json.</summary>
sealed record GenerationSettings
{
    /// <summary>False: always the most probable token.</summary>
    public bool DoSample { get; init; } = true;

    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double Temperature { get; init; } = 0.95;
    [Range(0.0, 1.0, MinimumIsExclusive = true)] public double TopP { get; init; } = 0.7;

    /// <summary>0: all tokens.</summary>
    [Range(0, int.MaxValue)] public int TopK { get; init; } = 50;

    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The most tokens of an answer.</summary>
    [Range(1, int.MaxValue)] public int MaxNewTokens { get; init; } = 1024;

    /// <summary>The most tokens of prompt and answer; max_new_tokens wins when both are given.</summary>
    [Range(1, int.MaxValue)] public int MaxLength { get; init; } = 1024;

    public bool SkipSpecialTokens { get; init; } = true;
}
