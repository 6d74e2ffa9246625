using FinIntent.Settings;
using FinIntent.Text;
using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;

namespace FinIntent.ApiModels;

/// <summary>A chat model behind an API, which is asked until an answer comes.</summary>
/// <remarks>It tries 429, 5xx, cut connections, silence and answers that are none again, after growing, jittered waits or the
/// time that the server asks for.</remarks>
sealed class ApiModel : IDisposable
{
    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestOwnWait = TimeSpan.FromSeconds(60);

    readonly ApiEndpoint _endpoint;
    readonly TimeProvider _time;
    readonly TimeSpan _timeout, _longestWait;
    readonly HttpClient _http;
    readonly IChatClient _client;
    readonly ChatOptions _options;
    readonly ResiliencePipeline<ApiAnswer> _pipeline;
    int _retries;

    /// <param name="settings">Attempts, time limits and parameters.</param>
    public ApiModel(ApiEndpoint endpoint, ApiSettings settings, ApiRequest request, TimeProvider? time = null)
    {
        (_endpoint, _time) = (endpoint, time ?? TimeProvider.System);
        (_timeout, _longestWait) = (TimeSpan.FromSeconds(settings.ApiTimeout), TimeSpan.FromSeconds(settings.ApiLongestWait));
        // A redirect would take the key along to another host.
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        var handler = new ApiHandler(endpoint, Parameters(endpoint, settings, request), _time) { InnerHandler = sockets };
        _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client = ChatClients.Create(endpoint, _http);
        _options = Options(endpoint, request);
        _pipeline = Pipeline(settings.ApiAttempts);
    }

    /// <summary>The number of requests that were made again so far.</summary>
    public int Retries => _retries;

    /// <param name="onRetry">It is called before an attempt that follows a failed one; what it throws ends the request.</param>
    /// <exception cref="ApiFailure">There is no answer: no other attempt can help, or the attempts are used up.</exception>
    public async Task<ApiAnswer> Ask(Conversation conversation, CancellationToken stop, Action<ApiFailure>? onRetry = null)
    {
        List<ChatMessage> messages = [.. conversation.Messages.Select(m => new ChatMessage(RoleOf(m), m.Content))];
        if (!string.IsNullOrEmpty(conversation.System)) messages.Insert(0, new(ChatRole.System, conversation.System));
        ApiFailure? last = null;
        return await _pipeline.ExecuteAsync(async token =>
        {
            if (last is not null) onRetry?.Invoke(last);
            try
            {
                return await Attempt(messages, token);
            }
            catch (ApiFailure failure)
            {
                last = failure;
                throw;
            }
        }, stop);
        static ChatRole RoleOf(Message message) => message.Role == "assistant" ? ChatRole.Assistant : ChatRole.User;
    }

    ResiliencePipeline<ApiAnswer> Pipeline(int attempts)
    {
        var builder = new ResiliencePipelineBuilder<ApiAnswer> { TimeProvider = _time };
        return attempts == 1 ? builder.Build() : builder.AddRetry(new RetryStrategyOptions<ApiAnswer>
        {
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is ApiFailure { IsFinal: false }),
            MaxRetryAttempts = attempts - 1,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstWait,
            MaxDelay = LongestOwnWait,
            // A random part keeps requests from all coming back at the same moment.
            DelayGenerator = attempt => ValueTask.FromResult(
                (attempt.Outcome.Exception as ApiFailure)?.RetryAfter + FirstWait * Random.Shared.NextDouble()),
            OnRetry = _ =>
            {
                Interlocked.Increment(ref _retries);
                return ValueTask.CompletedTask;
            },
        }).Build();
    }

    async ValueTask<ApiAnswer> Attempt(List<ChatMessage> messages, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var start = _time.GetTimestamp();
        try
        {
            var answer = ApiAnswer.Of(await _client.GetResponseAsync(messages, _options, either.Token), _time.GetElapsedTime(start));
            return answer with { Text = Redact(answer.Text) };
        }
        // Clients throw all kinds of exceptions at wrong JSON, so all count as an attempt that failed.
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            var failure = Inner<ApiFailure>(e) ?? Failure(e, limit.IsCancellationRequested);
            if (failure is { IsRefusal: true })
                return new("", ChatFinishReason.ContentFilter.Value, null, null, _time.GetElapsedTime(start));
            throw failure.RetryAfter > _longestWait ? TooLong(failure) : failure;
        }
    }

    ApiFailure Failure(Exception e, bool isTimeout)
    {
        var message = isTimeout ? $"no answer within {_timeout.TotalSeconds:0.###} s (api_timeout)"
            : Inner<HttpRequestException>(e) is { } http ? $"the connection failed: {http.Message}"
            : Inner<IOException>(e) is { } io ? $"the connection was cut: {io.Message}"
            : $"what it sent is not an answer: {e.Message.ReplaceLineEndings(" ")}";
        return new($"{_endpoint.Base}: {Redact(message)}") { MayBeCharged = isTimeout || !IsUnsent(e) };
    }

    static bool IsUnsent(Exception e) => Inner<HttpRequestException>(e)?.HttpRequestError
        is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    // Answers are kept in files, so not even a server that sends the key back may get it there.
    string Redact(string text) => _endpoint.Key?.Redact(text) ?? text;

    ApiFailure TooLong(ApiFailure failure) => new(
        $"{failure.Message}; it asks to wait {failure.RetryAfter!.Value.TotalSeconds:0} s, longer than api_longest_wait " +
        $"({_longestWait.TotalSeconds:0} s): run the same command again then", isFinal: true);

    static T? Inner<T>(Exception? e) where T : Exception
    {
        while (e is not (null or T)) e = e.InnerException;
        return e as T;
    }

    static JsonObject Parameters(ApiEndpoint endpoint, ApiSettings settings, ApiRequest request)
    {
        var parameters = new JsonObject();
        if (endpoint.UsesOldLimitName) parameters["max_tokens"] = request.MaxTokens;
        foreach (var (key, value) in settings.ApiParameters) parameters[key] = value?.DeepClone();
        return parameters;
    }

    static ChatOptions Options(ApiEndpoint endpoint, ApiRequest request) => new()
    {
        MaxOutputTokens = endpoint.UsesOldLimitName ? null : request.MaxTokens,
        Temperature = (float?)request.Temperature,
        TopP = (float?)request.TopP,
        Seed = request.Seed,
        StopSequences = request.StopWords.Count > 0 ? [.. request.StopWords] : null,
    };

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }
}
