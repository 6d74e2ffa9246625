using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum JudgeKind
{
    /// <summary>Rows are kept as they were written.</summary>
    None,

    /// <summary>The model that wrote them, with a prompt of its own.</summary>
    Same,

    /// <summary>Another model: judge_api or judge_model_name_or_path.</summary>
    Another,
}

enum LengthUnit { Characters, Words }

/// <summary>Ours: rows that `finintent data generate` has a model write for the intents of intent_schema.</summary>
sealed record GenerateSettings
{
    /// <summary>Rows wanted.</summary>
    [Range(1, 1_000_000)] public int Rows { get; init; } = 500;

    /// <summary>Intents and their shares of the rows, in proportion to each other; empty: all alike.</summary>
    public IReadOnlyDictionary<string, double> ClassShares { get; init; } = new Dictionary<string, double>();

    /// <summary>Lengths such as 4-8 and their shares; empty: those of people's questions in the schema's language.</summary>
    public IReadOnlyDictionary<string, double> LengthShares { get; init; } = new Dictionary<string, double>();

    /// <summary>What a length counts; null: characters in Chinese, words in English.</summary>
    public LengthUnit? LengthUnit { get; init; }

    /// <summary>Who asks and how, a style a request in turn; empty: six usual ones.</summary>
    public IReadOnlyList<string> Styles { get; init; } = [];

    [Range(1, 100)] public int RowsPerRequest { get; init; } = 10;

    /// <summary>The most that all requests may cost together, in the currency of the prices; null: no limit.</summary>
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double? Budget { get; init; }

    [Range(1, int.MaxValue)] public int? MaxRequests { get; init; }

    /// <summary>The most tokens of all requests and answers together; null: no limit.</summary>
    [Range(1, int.MaxValue)] public int? MaxTokensTotal { get; init; }

    /// <summary>Rounds in a row without a new row before the run ends.</summary>
    [Range(1, 1000)] public int StalledRounds { get; init; } = 3;

    public JudgeKind Judge { get; init; } = JudgeKind.Same;
    [Range(1, 50)] public int JudgeRowsPerRequest { get; init; } = 10;

    /// <summary>The judge behind an API; concurrency, attempts and time limits are those of api_….</summary>
    public ApiKind? JudgeApi { get; init; }

    public string? JudgeApiModel { get; init; }
    public string? JudgeApiBase { get; init; }
    public string? JudgeApiVersion { get; init; }
    public string? JudgeApiKeyVariable { get; init; }
    public JsonObject JudgeApiParameters { get; init; } = [];

    /// <summary>Price of a million tokens of its questions.</summary>
    [Range(0, double.MaxValue)] public double? JudgePriceInput { get; init; }

    /// <summary>Price of a million tokens of its answers.</summary>
    [Range(0, double.MaxValue)] public double? JudgePriceOutput { get; init; }

    /// <summary>The judge as a local model's folder.</summary>
    public string? JudgeModelNameOrPath { get; init; }

    public IReadOnlyList<string> JudgeAdapterNameOrPath { get; init; } = [];
}
