using FinIntent.Files;

namespace FinIntent.ApiModels;

/// <summary>What one HTTP answer of a model comes to, whoever sends it.</summary>
enum ApiOutcome
{
    /// <summary>The text is the answer.</summary>
    Answer,

    /// <summary>A filter of contents, or the model itself, withholds an answer to this question; others are answered.</summary>
    Refused,

    /// <summary>The text is an answer that was as long as it may be.</summary>
    Cut,

    /// <summary>The model ended by itself and said nothing.</summary>
    Empty,

    /// <summary>The same request may be answered later.</summary>
    TryAgain,

    /// <summary>The same request would fail again.</summary>
    Stop,
}

/// <summary>Says what helps where a request would fail again.</summary>
enum ApiRemedy
{
    None, Key, Credit, Later, Context, Tokens, Model, Request, Permission, Address, Redirect,
}

/// <summary>A rule of outcomes.tsv, which says what an HTTP answer comes to.</summary>
sealed class OutcomeRule
{
    const string Any = "-", AtOnce = "retry-after";

    readonly string _where, _condition;
    readonly Regex? _status, _word, _message;

    OutcomeRule(string[] row)
    {
        Row = string.Join('\t', row);
        Outcome = Enum.Parse<ApiOutcome>(row[0].Replace("_", ""), ignoreCase: true);
        Remedy = row[1] == Any ? ApiRemedy.None : Enum.Parse<ApiRemedy>(row[1], ignoreCase: true);
        (_where, _status, _word, _message, _condition) = (row[2], Whole(row[3]), Whole(row[4]), Part(row[5]), row[6]);
    }

    public static IReadOnlyList<OutcomeRule> All { get; } =
        [.. Resource.Rows("ApiModels.outcomes.tsv").Select(row => new OutcomeRule(row))];

    /// <summary>The line of the table.</summary>
    public string Row { get; }

    public ApiOutcome Outcome { get; }

    public ApiRemedy Remedy { get; }

    /// <summary>Returns the rule for an answer that is an error; there always is one.</summary>
    public static OutcomeRule OfError(ApiReply reply) => All.First(rule => rule._where == "error" && rule.Fits(reply, reply.Codes));

    /// <summary>Returns the rule for the reason why an answer ended; null: the reason is unknown, or there is none.</summary>
    public static OutcomeRule? OfFinish(ApiReply reply) => string.IsNullOrWhiteSpace(reply.Finish) ? null
        : All.FirstOrDefault(rule => rule._where == "finish" && rule.Fits(reply, [reply.Finish.Trim()]));

    bool Fits(ApiReply reply, IReadOnlyList<string> words) =>
        _status?.IsMatch(reply.Status.ToString(CultureInfo.InvariantCulture)) != false
        && (_word is null || words.Any(_word.IsMatch))
        && _message?.IsMatch(reply.Error ?? "") != false
        && (_condition == Any || (_condition == AtOnce ? reply.RetryAfter is not null
            : reply.Host.EndsWith(_condition, StringComparison.OrdinalIgnoreCase)));

    static Regex? Whole(string pattern) => pattern == Any ? null : Of($@"\A(?:{pattern})\z");

    static Regex? Part(string pattern) => pattern == Any ? null : Of(pattern);

    // Servers write the texts, so no pattern may take more than linear time.
    static Regex Of(string pattern) => new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
