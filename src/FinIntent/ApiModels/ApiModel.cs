using FinIntent.Settings;
using FinIntent.Text;
using Polly;
using Polly.Retry;

namespace FinIntent.ApiModels;

/// <summary>A chat model behind an API, which is asked until an answer comes.</summary>
/// <remarks>It tries again, after growing, jittered waits or the time that the server asks for, where the connection was cut, nothing
/// came in time, what came is no answer, or outcomes.tsv says so. An answer that came is never asked for again. Several threads may use
/// it.</remarks>
sealed class ApiModel : IDisposable
{
    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestOwnWait = TimeSpan.FromSeconds(60);

    readonly ApiEndpoint _endpoint;
    readonly TimeProvider _time;
    readonly TimeSpan _timeout, _longestWait;
    readonly ApiWire _wire;
    readonly FailureText _texts;
    readonly ResiliencePipeline<ApiAnswer> _pipeline;
    int _retries;

    /// <param name="settings">Attempts, time limits and parameters.</param>
    public ApiModel(ApiEndpoint endpoint, ApiSettings settings, ApiRequest request, TimeProvider? time = null)
    {
        (_endpoint, _time) = (endpoint, time ?? TimeProvider.System);
        (_timeout, _longestWait) = (TimeSpan.FromSeconds(settings.ApiTimeout), TimeSpan.FromSeconds(settings.ApiLongestWait));
        _wire = new(endpoint, request, settings.ApiParameters, _time);
        _texts = new(endpoint, _wire.Address, request.MaxTokens);
        _pipeline = Pipeline(settings.ApiAttempts);
    }

    /// <summary>The number of requests that were made again so far.</summary>
    public int Retries => _retries;

    /// <param name="onRetry">It is called before an attempt that follows a failed one; what it throws ends the request.</param>
    /// <exception cref="ApiFailure">There is no answer: no other attempt can help, or the attempts are used up.</exception>
    public async Task<ApiAnswer> Ask(Conversation conversation, CancellationToken stop, Action<ApiFailure>? onRetry = null)
    {
        ApiFailure? last = null;
        return await _pipeline.ExecuteAsync(async token =>
        {
            if (last is not null) onRetry?.Invoke(last);
            try
            {
                return await Attempt(conversation, token);
            }
            catch (ApiFailure failure)
            {
                last = failure;
                throw;
            }
        }, stop);
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

    async ValueTask<ApiAnswer> Attempt(Conversation conversation, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var start = _time.GetTimestamp();
        ApiReply reply;
        try
        {
            reply = await _wire.Send(conversation, either.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested
            && e is HttpRequestException or IOException or FormatException or OperationCanceledException)
        {
            throw Failure(e, limit.IsCancellationRequested);
        }
        var (outcome, remedy, word) = reply.Judge();
        if (outcome is ApiOutcome.TryAgain or ApiOutcome.Stop)
        {
            var failure = _texts.Of(reply, outcome, remedy);
            throw !failure.IsFinal && failure.RetryAfter > _longestWait ? TooLong(failure) : failure;
        }
        // Whatever the key is, no answer is changed: a short one may be part of any text, and every change would be scored.
        var text = outcome is ApiOutcome.Refused or ApiOutcome.Empty ? "" : reply.Text;
        return new(text, word, reply.InputTokens, reply.OutputTokens, _time.GetElapsedTime(start));
    }

    ApiFailure Failure(Exception e, bool isTimeout)
    {
        var message = isTimeout ? $"no answer within {_timeout.TotalSeconds:0.###} s (api_timeout)"
            : Inner<HttpRequestException>(e) is { } http ? $"the connection failed: {http.Message}"
            : Inner<IOException>(e) is { } io ? $"the connection was cut: {io.Message}"
            : e.Message.ReplaceLineEndings(" ");
        return new($"{_endpoint.Base}: {_texts.Shown(message)}") { MayBeCharged = isTimeout || !IsUnsent(e) };
    }

    static bool IsUnsent(Exception e) => Inner<HttpRequestException>(e)?.HttpRequestError
        is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    ApiFailure TooLong(ApiFailure failure) => new(
        $"{failure.Message}; it asks to wait {failure.RetryAfter!.Value.TotalSeconds:0} s, longer than api_longest_wait " +
        $"({_longestWait.TotalSeconds:0} s): run the same command again then", isFinal: true);

    static T? Inner<T>(Exception? e) where T : Exception
    {
        while (e is not (null or T)) e = e.InnerException;
        return e as T;
    }

    public void Dispose() => _wire.Dispose();
}
