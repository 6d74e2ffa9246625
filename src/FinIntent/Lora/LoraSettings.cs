namespace FinIntent.Lora;

/// <summary>Says how adapters are shaped, in the terms of PEFT's LoraConfig.</summary>
/// <param name="Rank">R ≥ 1.</param>
/// <param name="Alpha">The output is scaled by Alpha / Rank, or Alpha / √Rank with rsLoRA (https://arxiv.org/abs/2312.03732).</param>
/// <param name="Dropout">The probability in [0, 1) of dropping an input of A.</param>
/// <param name="Targets">Module names, matched whole or at the end after a dot; "all" means every linear layer but the head.</param>
sealed record LoraSettings(int Rank, double Alpha, double Dropout, bool UseRsLora, IReadOnlyList<string> Targets)
{
    public const string AllLinears = "all";

    /// <summary>Beyond the width of any layer, where an adapter of low rank has lost its sense.</summary>
    public const int MostRank = 1 << 15;

    /// <summary>What else decides which modules are adapted.</summary>
    public TargetRules Rules { get; init; } = TargetRules.OfRun;

    /// <summary>Ranks of modules that have one of their own.</summary>
    public ModulePatterns<int> RankPattern { get; init; } = ModulePatterns<int>.None;

    /// <summary>Alphas of modules that have one of their own.</summary>
    public ModulePatterns<double> AlphaPattern { get; init; } = ModulePatterns<double>.None;

    /// <summary>What is adapted, for messages.</summary>
    public string Shown => Rules.Pattern is null ? string.Join(", ", Targets) : "what target_modules matches";

    public int RankOf(string module) => RankPattern.Of(module, Rank);

    public double ScaleOf(string module) => AlphaPattern.Of(module, Alpha) / (UseRsLora ? Math.Sqrt(RankOf(module)) : RankOf(module));
}
