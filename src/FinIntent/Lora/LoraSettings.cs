namespace FinIntent.Lora;

/// <summary>Says how adapters are shaped, in the terms of PEFT's LoraConfig.</summary>
/// <param name="Rank">R ≥ 1.</param>
/// <param name="Alpha">The output is scaled by Alpha / Rank, or Alpha / √Rank with rsLoRA (https://arxiv.org/abs/2312.03732).</param>
/// <param name="Dropout">The probability in [0, 1) of dropping an input of A.</param>
/// <param name="Targets">Module names, matched whole or at the end after a dot; "all" means every linear layer but the head.</param>
sealed record LoraSettings(int Rank, double Alpha, double Dropout, bool UseRsLora, IReadOnlyList<string> Targets)
{
    public const string AllLinears = "all";

    /// <summary>Patterns of module names with a rank of their own (PEFT's rank_pattern).</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Patterns of module names with an alpha of their own (PEFT's alpha_pattern).</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    public int RankOf(string module) => Find(RankPattern, module, Rank);

    public double ScaleOf(string module) =>
        Find(AlphaPattern, module, Alpha) / (UseRsLora ? Math.Sqrt(RankOf(module)) : RankOf(module));

    // As in PEFT, a pattern matches a module's whole name, or its end after a dot.
    static T Find<T>(IReadOnlyDictionary<string, T> patterns, string module, T fallback)
    {
        foreach (var (pattern, value) in patterns)
            if (Regex.IsMatch(module, $@"^(.*\.)?({pattern})$")) return value;
        return fallback;
    }
}
