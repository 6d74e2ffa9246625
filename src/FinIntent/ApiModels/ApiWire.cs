using FinIntent.Files;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.ApiModels;

/// <summary>Sends conversations as Anthropic's Messages API and OpenAI's chat completions have them, and reads what comes back.</summary>
/// <remarks>The makers' own clients read one dialect: an answer whose reason to end they do not know is lost in them. Several threads may
/// use it.</remarks>
sealed class ApiWire : IDisposable
{
    const int MostBytes = 64 << 20;

    readonly ApiEndpoint _endpoint;
    readonly ApiRequest _request;
    readonly JsonObject _parameters;
    readonly TimeProvider _time;
    readonly HttpClient _http;

    /// <param name="parameters">The user's own parameters of the body; null takes one out.</param>
    public ApiWire(ApiEndpoint endpoint, ApiRequest request, JsonObject parameters, TimeProvider time)
    {
        (_endpoint, _request, _parameters, _time) = (endpoint, request, parameters, time);
        // A redirect would take the key along to another host. The model, not the client, limits time.
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        _http = new(sockets) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The address that requests go to.</summary>
    public Uri Address => new(_endpoint.Base.ToString().TrimEnd('/')
        + (_endpoint.Kind == ApiKind.Anthropic ? "/v1/messages" : "/chat/completions")
        + (_endpoint.Version is { } version ? "?api-version=" + Uri.EscapeDataString(version) : ""));

    /// <exception cref="HttpRequestException">There is no connection, or it was cut.</exception>
    /// <exception cref="FormatException">What came is neither an answer nor an error.</exception>
    public async Task<ApiReply> Send(Conversation conversation, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(Body(conversation)));
        request.Content.Headers.ContentType = new("application/json");
        SetHeaders(request);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        var reply = new ApiReply((int)response.StatusCode, _endpoint.Base.Host) { RetryAfter = Wait(response) };
        if (response.Headers.Location is { } location && !response.IsSuccessStatusCode)
            return reply with { Error = $"it redirects to {location}" };
        return ReplyReader.Read(response.IsSuccessStatusCode ? reply with { Status = 200 } : reply, await Text(response, stop));
    }

    void SetHeaders(HttpRequestMessage request)
    {
        request.Headers.UserAgent.Add(new("finintent", ProgramVersion.Number));
        // As the maker's client 13.12.0 sends it (docs/log.md).
        if (_endpoint.Kind == ApiKind.Anthropic) request.Headers.Add("anthropic-version", "2026-10-21");
        if (_endpoint.Key is not { } key) return;
        if (_endpoint.Kind == ApiKind.Azure) request.Headers.Add("api-key", key.Reveal());
        else request.Headers.Authorization = new("Bearer", key.Reveal());
    }

    static async Task<string> Text(HttpResponseMessage response, CancellationToken stop)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(MostBytes, stop);
            return Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(stop));
        }
        catch (Exception e) when (!response.IsSuccessStatusCode && e is HttpRequestException or IOException)
        {
            return ""; // the status says enough
        }
    }

    /// <summary>Reads Retry-After, and the header of Azure and OpenAI that has it in milliseconds.</summary>
    TimeSpan? Wait(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? header?.Date - _time.GetUtcNow();
        if (response.Headers.TryGetValues("retry-after-ms", out var values)
            && double.TryParse(values.First(), CultureInfo.InvariantCulture, out var milliseconds) && milliseconds is > 0 and < 1e9)
            wait = TimeSpan.FromMilliseconds(milliseconds);
        return wait > TimeSpan.Zero ? wait : null;
    }

    JsonObject Body(Conversation conversation)
    {
        var body = _endpoint.Kind == ApiKind.Anthropic ? Messages(conversation) : Completion(conversation);
        foreach (var (key, value) in _parameters)
        {
            if (value is null) body.Remove(key);
            else body[key] = value.DeepClone();
        }
        return body;
    }

    JsonObject Messages(Conversation conversation)
    {
        var body = new JsonObject { ["model"] = _endpoint.Model, ["max_tokens"] = _request.MaxTokens };
        if (!string.IsNullOrEmpty(conversation.System)) body["system"] = TextPart(conversation.System);
        // This version of the API refuses temperature and top_p.
        body["messages"] = new JsonArray([.. conversation.Messages.Select(m => MessageOf(m.Role, TextPart(m.Content)))]);
        if (_request.StopWords.Count > 0) body["stop_sequences"] = StopWords();
        return body;
    }

    JsonObject Completion(Conversation conversation)
    {
        var messages = conversation.Messages.Select(m => MessageOf(m.Role, m.Content));
        if (!string.IsNullOrEmpty(conversation.System)) messages = messages.Prepend(MessageOf("system", conversation.System));
        var body = new JsonObject { ["model"] = _endpoint.Model, ["messages"] = new JsonArray([.. messages]) };
        body[_endpoint.UsesOldLimitName ? "max_tokens" : "max_completion_tokens"] = _request.MaxTokens;
        Set(body, "temperature", _request.Temperature);
        Set(body, "top_p", _request.TopP);
        Set(body, "seed", _request.Seed);
        if (_request.StopWords.Count > 0) body["stop"] = StopWords();
        return body;
    }

    static JsonNode MessageOf(string role, JsonNode content) =>
        new JsonObject { ["role"] = role is "assistant" or "system" ? role : "user", ["content"] = content };

    static JsonArray TextPart(string text) => [new JsonObject { ["type"] = "text", ["text"] = text }];

    JsonArray StopWords() => [.. _request.StopWords.Select(word => (JsonNode)word)];

    static void Set(JsonObject body, string key, JsonNode? value)
    {
        if (value is not null) body[key] = value;
    }

    public void Dispose() => _http.Dispose();
}
