using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using FinIntent.Calibration;
using FinIntent.Files;
using FinIntent.Intents;
using static System.FormattableString;

namespace FinIntent.Evaluation;

/// <summary>What a model said to one question, a line of a predictions file. Reports take such lines from any program.</summary>
sealed record Prediction
{
    // Probabilities written with two decimals are off by as much.
    const double MostRounding = 0.005;

    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The id, which other programs may write as a number.</summary>
    [JsonConverter(typeof(TextOrNumber))]
    public required string Id { get; init; }

    public required string Question { get; init; }

    /// <summary>The right option's label; null when nobody knows it.</summary>
    public string? Gold { get; init; }

    /// <summary>The answer as text.</summary>
    public string? Output { get; init; }

    /// <summary>The most probable label; without probabilities, the label that the lenient rule reads. Reports do not use it.</summary>
    public string? Choice { get; init; }

    /// <summary>The probability of each option's label; they sum to 1.</summary>
    public IReadOnlyDictionary<string, double>? Probabilities { get; init; }

    /// <summary>The calibrated probability of each option's label; they sum to 1. Null without a calibration, as are the four
    /// below.</summary>
    public IReadOnlyDictionary<string, double>? Calibrated { get; init; }

    /// <summary>The labels that may be right, the most probable first.</summary>
    public IReadOnlyList<string>? PredictionSet { get; init; }

    /// <summary>True: the answer is withheld.</summary>
    public bool? Abstained { get; init; }

    /// <summary>Why it is withheld: low_probability or out_of_scope.</summary>
    public string? AbstentionReason { get; init; }

    /// <summary>It is high for questions that belong to none of the options.</summary>
    public double? OutOfScopeScore { get; init; }

    /// <summary>True: the question is known to belong to none of the options, or to the one that says so. Reports compare such with the
    /// rest.</summary>
    public bool? OutOfScope { get; init; }

    /// <summary>The intent behind each label.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    public required string Model { get; init; }
    public double? Seconds { get; init; }

    /// <summary>The tokens of the question with its instruction, as an API counts them.</summary>
    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>Why the answer is not what the model wanted to say, as <see cref="ApiModels.FinishWord"/> has it; null: it ended by
    /// itself.</summary>
    public string? Finish { get; init; }

    /// <summary>The ids of an evaluation's questions that belong to none of the options begin with it.</summary>
    internal const string OutOfScopeMark = "out_of_scope:";

    /// <summary>The probabilities to trust: the calibrated ones, else the model's own.</summary>
    [JsonIgnore]
    internal IReadOnlyDictionary<string, double>? Trusted => Calibrated ?? Probabilities;

    /// <summary>Adds what a calibration makes of the question.</summary>
    internal Prediction With(CalibratedAnswer answer, IReadOnlyList<IntentOption> options) => this with
    {
        Calibrated = options.Zip(answer.Probabilities).ToDictionary(p => p.First.Label, p => p.Second),
        PredictionSet = [.. answer.PredictionSet.Select(k => options[k].Label)],
        Abstained = answer.IsAbstained,
        AbstentionReason = answer.Reason is { } reason ? JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()) : null,
        OutOfScopeScore = answer.OutOfScopeScore,
    };

    /// <summary>The prediction without what a calibration made of it.</summary>
    [JsonIgnore]
    internal Prediction Uncalibrated => this with
    {
        Calibrated = null,
        PredictionSet = null,
        Abstained = null,
        AbstentionReason = null,
        OutOfScopeScore = null,
    };

    /// <summary>Makes a prediction of what a model said, in words, by probabilities, or both.</summary>
    internal static Prediction Of(AskedQuestion question, string model, string? output,
        IReadOnlyDictionary<string, double>? probabilities = null) => new()
        {
            Id = question.Id,
            Question = question.Question,
            Gold = question.Gold,
            Output = output,
            Choice = question.Options is null ? null : ChoiceOf(output, probabilities, question.Options),
            Probabilities = probabilities,
            Options = question.Options?.ToDictionary(o => o.Label, o => o.Name),
            OutOfScope = question.IsOutOfScope ? true : null,
            Model = model,
        };

    /// <summary>Returns the prediction as a line, without its end.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, Json);

    /// <summary>Keys may come in any order, and unknown ones are passed over.</summary>
    /// <exception cref="UserErrorException">The line is no prediction; <paramref name="place"/> says where it stands.</exception>
    public static Prediction Parse(string line, string place)
    {
        Prediction prediction;
        try
        {
            prediction = JsonBinding.Bind<Prediction>(JsonText.Element(Encoding.UTF8.GetBytes(line), place, firstLine: 0), Json, place);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException(
                $"{e.Message} (not a prediction, which is an object {{\"id\", \"question\", \"model\", …}} on one line)", e);
        }
        return prediction.Problem() is { } problem ? throw new UserErrorException($"{place}: question {prediction.Id}: {problem}")
            : prediction;
    }

    /// <summary>The options in the order of their labels; without "options" the labels are those of the probabilities, or A to E.</summary>
    [JsonIgnore]
    public IReadOnlyList<IntentOption> OptionList =>
        Options is not null ? [.. Options.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => new IntentOption(o.Key, o.Value))]
        : [.. (Probabilities?.Keys.Order(StringComparer.Ordinal) ?? (IEnumerable<string>)["A", "B", "C", "D", "E"])
            .Select(label => new IntentOption(label, label))];

    public static string? ChoiceOf(string? output, IReadOnlyDictionary<string, double>? probabilities, IReadOnlyList<IntentOption> options)
    {
        if (probabilities is not null) return options[ProbabilityScores.Best([.. options.Select(o => probabilities[o.Label])])].Label;
        return output is null ? null : AnswerReading.Read(output, ReadingRule.Lenient, options)?.ToString();
    }

    /// <summary>What is wrong with it, and what to do; null when nothing is.</summary>
    string? Problem()
    {
        if ((Options?.Keys ?? Probabilities?.Keys)?.Any(string.IsNullOrWhiteSpace) == true)
        {
            var key = Options is null ? "probabilities" : "options";
            return $"\"{key}\" has an empty key; write the label of each option: a letter, or its name";
        }
        if (Options?.FirstOrDefault(o => string.IsNullOrWhiteSpace(o.Value)) is { Key: { } unnamed })
            return $"option {unnamed} has no name; name it";
        if (Options?.GroupBy(o => o.Value).FirstOrDefault(g => g.Count() > 1) is { } same)
            return $"options {string.Join(" and ", same.Select(o => o.Key))} are both \"{same.Key}\"; options must differ";
        var labels = OptionList.Select(o => o.Label).ToList();
        if (Gold is not null && !labels.Contains(Gold))
            return $"gold is \"{Gold}\", which is none of the options {string.Join(", ", labels)}; write the right option's label";
        if (PredictionSet?.FirstOrDefault(label => !labels.Contains(label)) is { } strange)
            return $"\"prediction_set\" has \"{strange}\", which is none of the options {string.Join(", ", labels)}; remove it";
        return ProblemOfProbabilities("probabilities", Probabilities, labels) ?? ProblemOfProbabilities("calibrated", Calibrated, labels);
    }

    static string? ProblemOfProbabilities(string key, IReadOnlyDictionary<string, double>? probabilities, List<string> labels)
    {
        if (probabilities is null) return null;
        if (labels.FirstOrDefault(label => !probabilities.ContainsKey(label)) is { } missing)
            return $"\"{key}\" has nothing for option {missing}; write 0 where an option has none";
        if (probabilities.Keys.FirstOrDefault(label => !labels.Contains(label)) is { } strange)
            return $"\"{key}\" has \"{strange}\", which is none of the options {string.Join(", ", labels)}; remove it";
        if (probabilities.FirstOrDefault(p => p.Value is < 0 or > 1 + MostRounding) is { Key: { } outside } wrong)
            return Invariant($"the probability of {outside} is {wrong.Value}; it must lie between 0 and 1");
        var sum = probabilities.Values.Sum();
        return Math.Abs(sum - 1) <= MostRounding * labels.Count ? null
            : Invariant($"the probabilities sum to {sum:g6}, not 1; divide each by their sum");
    }

    sealed class TextOrNumber : JsonConverter<string>
    {
        public override string Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String) return reader.GetString()!;
            if (reader.TokenType == JsonTokenType.Number)
                return Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
            throw new UnfitJsonException("an id must be text or a number");
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
