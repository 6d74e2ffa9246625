using System.Net;
using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace FinIntent.Hub;

/// <summary>Sends requests to a hub and to the hosts to which it redirects.</summary>
/// <remarks>The token goes only to the hub's own scheme, host and port, so redirects are followed here and not by the client.</remarks>
sealed class HubHttp : IDisposable
{
    const int MostRedirects = 8;
    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestOwnWait = TimeSpan.FromSeconds(30);
    static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    readonly HubSettings _settings;
    readonly TimeProvider _time;
    readonly Action<string> _tell;
    readonly HttpClient _http;

    public HubHttp(HubSettings settings, HubContext context)
    {
        (_settings, _time, _tell) = (settings, context.Time, context.Tell);
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectLimit,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        };
        _http = new(sockets) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new("finintent", typeof(HubHttp).Assembly.GetName().Version?.ToString(3)));
        // A compressed answer has another length, and another ETag.
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new("identity"));
        Retries = RetriesOf(settings.Attempts);
    }

    public ResiliencePipeline Retries { get; }

    public ResiliencePipeline RetriesOf(int attempts)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = _time };
        return attempts < 2 ? builder.Build() : builder.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = attempt => ValueTask.FromResult(
                attempt.Outcome.Exception is HubFailure { IsFinal: false } failure && !(failure.RetryAfter > _settings.LongestWait)),
            MaxRetryAttempts = attempts - 1,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstWait,
            MaxDelay = LongestOwnWait,
            DelayGenerator = attempt => ValueTask.FromResult((attempt.Outcome.Exception as HubFailure)?.RetryAfter),
            OnRetry = attempt =>
            {
                if (attempt.RetryDelay >= LongWait)
                    _tell($"{attempt.Outcome.Exception!.Message}; trying again in {attempt.RetryDelay.TotalSeconds:0} s");
                return ValueTask.CompletedTask;
            },
        }).Build();
    }

    /// <summary>Returns a JSON answer with its headers, which may name the next page.</summary>
    public async Task<(JsonDocument Json, HttpResponseHeaders Headers)> Json(Uri address, HubRequestInfo info, CancellationToken stop)
    {
        using var answer = await Send(HttpMethod.Get, address, null, leavesHub: true, info, stop);
        using var limit = Limit(stop);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(limit.Token);
            return (await JsonDocument.ParseAsync(stream, default, limit.Token), answer.Headers);
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException or OperationCanceledException
            && !stop.IsCancellationRequested)
        {
            throw new HubFailure(
                $"{Place(address)} sent no list of files: {e.Message}; is it a hub (HF_ENDPOINT, MODELSCOPE_DOMAIN)?", inner: e);
        }
    }

    /// <summary>Makes one attempt; returns success, or a redirect to another host unless <paramref name="leavesHub"/>.</summary>
    public async Task<HttpResponseMessage> Send(
        HttpMethod method, Uri address, (long From, long To)? range, bool leavesHub, HubRequestInfo info, CancellationToken stop)
    {
        for (var redirects = 0; ; redirects++)
        {
            var answer = await Once(method, address, range, stop);
            if (answer.IsSuccessStatusCode) return answer;
            using (answer)
            {
                if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308) || answer.Headers.Location is not { } location)
                {
                    using var limit = Limit(stop);
                    throw HubErrors.Of(answer, address, _settings, info, await HubErrors.Text(answer, method, limit.Token), _time);
                }
                location = new(address, location);
                if (location.Scheme is not ("http" or "https"))
                    throw new HubFailure(
                        $"{Place(address)} leads to an address of {location.Scheme}, which is not followed", isFinal: true);
                if (!leavesHub && !IsHub(location)) return Copy(answer, location);
                if (redirects == MostRedirects) throw new HubFailure($"{Place(address)} redirects in circles", isFinal: true);
                address = location;
            }
        }
    }

    public bool IsHub(Uri address) => AreOneSite(address, _settings.Endpoint);

    /// <summary>Says whether two addresses have the same scheme, host and port.</summary>
    public static bool AreOneSite(Uri a, Uri b) =>
        Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>Returns the address without the query, which can hold a signature.</summary>
    public static string Place(Uri address) => address.GetLeftPart(UriPartial.Path);

    /// <summary>Makes a token that ends what brings nothing for too long.</summary>
    public CancellationTokenSource Limit(CancellationToken stop)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_settings.SilenceLimit);
        return limit;
    }

    public void Extend(CancellationTokenSource limit) => limit.CancelAfter(_settings.SilenceLimit);

    public HubFailure Silence(Uri address) => new($"{Place(address)} sent nothing for {_settings.SilenceLimit.TotalSeconds:0.#} s");

    async Task<HttpResponseMessage> Once(HttpMethod method, Uri address, (long From, long To)? range, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, address);
        if (range is var (from, to)) request.Headers.Range = new(from, to - 1);
        if (_settings.Token is { } token && IsHub(address))
        {
            request.Headers.Authorization = new("Bearer", token.Reveal());
            if (_settings.Source == HubSource.ModelScope) request.Headers.Add("Cookie", $"m_session_id={token.Reveal()}");
        }
        using var limit = Limit(stop);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw Silence(address);
        }
        catch (HttpRequestException e)
        {
            var host = address.GetLeftPart(UriPartial.Authority);
            throw new HubFailure($"{host} cannot be reached: {(e.InnerException ?? e).Message}", inner: e);
        }
    }

    /// <summary>Copies the headers of an answer, with the place to which it leads as a whole address.</summary>
    static HttpResponseMessage Copy(HttpResponseMessage answer, Uri location)
    {
        var copy = new HttpResponseMessage(answer.StatusCode);
        foreach (var (name, values) in answer.Headers) copy.Headers.TryAddWithoutValidation(name, values);
        copy.Headers.Location = location;
        return copy;
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Says what a request is about, for messages.</summary>
/// <param name="Repository">Null means a file of another site than a hub.</param>
/// <param name="File">Null means the list of files.</param>
sealed record HubRequestInfo(HubRepository? Repository, string Revision, string? File = null);
