using FinIntent.Generation;
using FinIntent.Server.Errors;
using FinIntent.Server.Wire;

namespace FinIntent.Server.Chat;

/// <summary>How an answer is made, checked: whatever route asked, and in whose words.</summary>
sealed record AnswerSettings(AnswerOptions Options, long Seed)
{
    public const int DefaultTokens = 1024, MostStops = 16, MostStopCharacters = 256, MostAlternatives = 20;

    public TimeSpan? Deadline { get; init; }
    public bool IsStreamed { get; init; }
    public bool IncludesUsage { get; init; }

    /// <summary>OpenAI's defaults: temperature 1 over all tokens.</summary>
    /// <exception cref="ServerError">400: a value is out of its range, or something is not supported.</exception>
    public static AnswerSettings Of(SamplingWire request, int? maxTokens, string maxTokensName, int? alternatives)
    {
        UnsupportedFields.Check(request.Others);
        if (request.N is { } n and not 1)
            throw UnsupportedFields.Refused("n", $"it is {n} and must be 1; send several requests with different seeds");
        if (request.DeadlineMs < 1)
            throw ServerError.BadRequest($"deadline_ms is {request.DeadlineMs}; it must be 1 or more", "deadline_ms");
        var sampling = SamplingOf(new(request.Temperature ?? 1, request.TopP ?? 1, request.TopK ?? 0, request.RepetitionPenalty ?? 1), "");
        return new(OptionsOf(sampling, maxTokens, maxTokensName, request.Stop, "stop") with { TopLogProbabilities = alternatives },
            request.Seed ?? Random.Shared.NextInt64())
        {
            Deadline = request.DeadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            IsStreamed = request.Stream == true,
            IncludesUsage = request.StreamOptions?.IncludeUsage == true,
        };
    }

    /// <summary>Ollama's defaults: temperature 0.8, top_k 40, top_p 0.9.</summary>
    /// <exception cref="ServerError">400: as above.</exception>
    public static AnswerSettings Of(OllamaChatRequestWire request)
    {
        UnsupportedFields.Check(request.Others);
        var options = request.Options ?? new();
        UnsupportedFields.Check(options.Others, "options.");
        var sampling = SamplingOf(new(options.Temperature ?? 0.8, options.TopP ?? 0.9, options.TopK ?? 40, 1), "options.");
        var tokens = options.NumPredict is null or -1 or -2 ? null : options.NumPredict; // -1 is Ollama's "no limit", -2 "what fits"
        var alternatives = AlternativesOf(request.Logprobs == true, request.TopLogprobs);
        var answer = OptionsOf(sampling, tokens, "options.num_predict", options.Stop, "options.stop");
        return new(answer with { TopLogProbabilities = alternatives }, options.Seed ?? Random.Shared.NextInt64())
        {
            IsStreamed = request.Stream != false,
        };
    }

    /// <summary>Returns how many tokens are told beside each one; null where nothing is asked.</summary>
    /// <exception cref="ServerError">400: the number is out of its range, or logprobs is not set.</exception>
    public static int? AlternativesOf(bool logprobs, int? top)
    {
        if (top is < 0 or > MostAlternatives)
            throw ServerError.BadRequest($"top_logprobs is {top}; it must be from 0 to {MostAlternatives}", "top_logprobs");
        if (!logprobs && top > 0) throw ServerError.BadRequest("top_logprobs needs logprobs to be true", "top_logprobs");
        return logprobs ? top ?? 0 : null;
    }

    readonly record struct Drawing(double Temperature, double TopP, int TopK, double Penalty);

    static SamplingOptions SamplingOf(Drawing drawing, string within)
    {
        var (temperature, topP, topK, penalty) = drawing;
        Require(temperature >= 0 && double.IsFinite(temperature), "temperature", temperature, "0 or more");
        Require(topP is > 0 and <= 1, "top_p", topP, "above 0 and at most 1");
        Require(topK >= -1, "top_k", topK, "1 or more, or 0 for all tokens");
        Require(penalty > 0 && double.IsFinite(penalty), "repetition_penalty", penalty, "above 0");
        return temperature == 0
            ? SamplingOptions.Greedy with { RepetitionPenalty = penalty }
            : new(Temperature: temperature, TopK: Math.Max(topK, 0), TopP: topP, RepetitionPenalty: penalty);

        void Require(bool isRight, string name, double value, string range)
        {
            if (!isRight) throw ServerError.BadRequest($"{within}{name} is {value}; it must be {range}", $"{within}{name}");
        }
    }

    static AnswerOptions OptionsOf(SamplingOptions sampling, int? maxTokens, string maxTokensName, TextList? stop, string stopName)
    {
        if (maxTokens < 1) throw ServerError.BadRequest($"{maxTokensName} is {maxTokens}; it must be 1 or more", maxTokensName);
        var stops = stop?.Texts ?? [];
        if (stops.Count > MostStops) throw ServerError.BadRequest($"{stopName} has {stops.Count} texts and may have {MostStops}", stopName);
        foreach (var text in stops)
            if (text.Length > MostStopCharacters)
                throw ServerError.BadRequest(
                    $"a text of {stopName} has {text.Length} characters and may have {MostStopCharacters}", stopName);
        return new(sampling, maxTokens ?? DefaultTokens) { StopWords = [.. stops.Where(text => text.Length > 0)] };
    }
}
