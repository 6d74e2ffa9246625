using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Settings;

namespace FinIntent.Tests.ApiModels;

enum Fault
{
    TooMany,
    TooManyUntil,
    ServerError,
    Overloaded,
    Silence,
    Cut,
    CutInside,
    WrongJson,
    NoJson,
}

/// <summary>
/// A server on this machine that speaks the wire formats of the chat APIs, and fails as they do. Formats: Anthropic's Messages API,
/// OpenAI's chat
/// completions, Azure's and Ollama's variants of these, as their reference pages describe requests, answers, errors and headers.
/// </summary>
sealed class ApiServer : IDisposable
{
    public const string Key = "sk-test-5ecret0123456789";

    static readonly string[] WrongJson = ["{}", "[]", "null", "\"B\"", "{\"choices\":[]}", "{\"content\":[]}",
        "{\"type\":\"message\",\"content\":[{\"type\":\"text\"}]}", "{\"id\":"];

    readonly HttpWire _wire;
    readonly ApiKind _kind;
    readonly TimeProvider _time;
    int _now, _most;

    ApiServer(ApiKind kind, TimeProvider time)
    {
        (_kind, _time) = (kind, time);
        _wire = new(Serve);
    }

    public sealed record Request(string Path, string Query, IReadOnlyDictionary<string, string> Headers, JsonObject Body, string Question,
        TimeSpan Time);

    /// <summary>The fault for the n-th request for a question; null answers it.</summary>
    public Func<string, int, Fault?> FaultOf { get; set; } = (_, _) => null;

    /// <summary>In place of an answer: status and body.</summary>
    public Func<string, (int Status, string Body)?> Refusal { get; set; } = _ => null;

    public Func<string, string> AnswerOf { get; set; } = AnswerTo;

    /// <summary>What stands for the request in faults and answers: of a prompt, its question.</summary>
    public Func<string, string> QuestionIn { get; set; } = prompt => prompt.Split("问句: ")[1].Split('\n')[0];

    /// <summary>Tokens of a request and of its answer, as the server tells them.</summary>
    public Func<string, string, (int In, int Out)> UsageOf { get; set; } = (_, _) => (100, 3);

    /// <summary>Seconds in the header of a 429.</summary>
    public int RetryAfter { get; set; } = 1;

    /// <summary>Real time before each answer.</summary>
    public TimeSpan Pause { get; set; }

    public string FinishReason { get; set; } = "stop";

    public ConcurrentQueue<Request> Requests { get; } = [];

    public int MostAtOnce => _most;

    public string Url => _wire.Url;

    public static ApiServer Start(ApiKind kind, TimeProvider? time = null) => new(kind, time ?? TimeProvider.System);

    /// <summary>What a question is answered.</summary>
    public static string AnswerTo(string question) => ((char)('A' + question.Sum(c => c) % 5)).ToString();

    async Task Serve(WireRequest http)
    {
        Max(Interlocked.Increment(ref _now));
        var body = (JsonObject)JsonNode.Parse(http.Body)!;
        var question = QuestionIn(Text(body["messages"]!.AsArray().Last()!["content"]!));
        Requests.Enqueue(new(http.Path, http.Query, http.Headers, body, question, TimeSpan.FromTicks(_time.GetTimestamp())));
        await Task.Delay(Pause);
        // Before the answer: the client may ask again before its end is noticed here.
        Interlocked.Decrement(ref _now);
        await Answer(http, question, Requests.Count(r => r.Question == question));
    }

    async Task Answer(WireRequest http, string question, int attempt)
    {
        if (!IsKeyRight(http)) await http.Answer(401,
            Error("authentication_error", $"invalid key {http.Header("Authorization")}{http.Header("api-key")}"));
        else if (Refusal(question) is { } refusal) await http.Answer(refusal.Status, refusal.Body, [.. Location(refusal.Status)]);
        else if (FaultOf(question, attempt) is { } fault) await Fail(http, fault, question, attempt);
        else await http.Answer(200, Good(question, AnswerOf(question)));
    }

    static IEnumerable<(string, string)> Location(int status) => status is >= 300 and < 400
        ? [("Location", "https://elsewhere.example/")] : [];

    bool IsKeyRight(WireRequest http) => _kind switch
    {
        ApiKind.Azure => http.Header("api-key") == Key,
        ApiKind.Ollama => true,
        // Anthropic takes both; which one is the client's business.
        ApiKind.Anthropic => http.Header("x-api-key") == Key || http.Header("Authorization") == "Bearer " + Key,
        _ => http.Header("Authorization") == "Bearer " + Key,
    };

    async Task Fail(WireRequest http, Fault fault, string question, int attempt)
    {
        switch (fault)
        {
            case Fault.TooMany:
                await http.Answer(429, Error("rate_limit_error", "slow down"),
                    ("Retry-After", RetryAfter.ToString(CultureInfo.InvariantCulture)));
                break;
            case Fault.TooManyUntil:
                var until = _time.GetUtcNow() + TimeSpan.FromSeconds(RetryAfter);
                await http.Answer(429, Error("rate_limit_error", "slow down"),
                    ("Retry-After", until.ToString("R", CultureInfo.InvariantCulture)));
                break;
            case Fault.ServerError:
                await http.Answer(500, Error("api_error", "broken"));
                break;
            case Fault.Overloaded:
                await http.Answer(529, Error("overloaded_error", "Overloaded"));
                break;
            case Fault.Silence:
                await http.WaitForHangUp();
                break;
            case Fault.Cut:
                http.Cut();
                break;
            case Fault.CutInside:
                await http.AnswerHalf(Good(question, "B"));
                break;
            case Fault.WrongJson:
                await http.Answer(200, WrongJson[(question.Length + attempt) % WrongJson.Length]);
                break;
            case Fault.NoJson:
                await http.Answer(200, "<html>proxy</html>");
                break;
        }
    }

    /// <summary>An error in the words of the API.</summary>
    public string Error(string type, string message, string? code = null)
    {
        var error = new JsonObject { ["type"] = type, ["message"] = message };
        if (_kind == ApiKind.Anthropic) return new JsonObject
        {
            ["type"] = "error",
            ["error"] = error,
            ["request_id"] = "req_1"
        }.ToJsonString();
        error["param"] = null;
        error["code"] = code;
        return new JsonObject { ["error"] = error }.ToJsonString();
    }

    string Good(string question, string answer)
    {
        var usage = UsageOf(question, answer);
        return _kind == ApiKind.Anthropic
            ? $$$"""
                {"id":"msg_1","type":"message","role":"assistant","model":"m-1","content":[{"type":"text","text":{{{JsonSerializer.Serialize(answer)}}}}],
                 "stop_reason":"{{{(FinishReason == "stop" ? "end_turn" : FinishReason)}}}","stop_sequence":null,
                 "usage":{"input_tokens":{{{usage.In}}},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{{{usage.Out}}},"service_tier":"standard"}}
                """
            : $$$"""
                {"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m-1","system_fingerprint":"fp_1",
                 "choices":[{"index":0,"message":{"role":"assistant","content":{{{JsonSerializer.Serialize(answer)}}},"refusal":null},"logprobs":null,"finish_reason":"{{{FinishReason}}}"}],
                 "usage":{"prompt_tokens":{{{usage.In}}},"completion_tokens":{{{usage.Out}}},"total_tokens":{{{usage.In + usage.Out}}}}}
                """;
    }

    /// <summary>A content is a text, or a list of parts with one.</summary>
    static string Text(JsonNode content) => content is JsonArray parts ? parts[0]!["text"]!.GetValue<string>() : content.GetValue<string>();

    void Max(int now)
    {
        for (var most = _most; now > most; most = _most)
            if (Interlocked.CompareExchange(ref _most, now, most) == most) return;
    }

    public void Dispose() => _wire.Dispose();
}
