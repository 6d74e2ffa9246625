using System.Net;
using System.Text.Unicode;
using FinIntent.Files;
using Polly;
using Polly.Retry;

namespace FinIntent.Hub;

/// <summary>Sends requests to a hub and to the hosts to which it redirects.</summary>
/// <remarks>The token goes only to the hub's own scheme, host and port, so redirects are followed here and not by the client.</remarks>
sealed class HubHttp : IDisposable
{
    const int MostRedirects = 8;

    /// <summary>No repository has a list of files that is longer.</summary>
    const int MostListBytes = 256 << 20;

    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestOwnWait = TimeSpan.FromSeconds(30);
    static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    readonly HubSettings _settings;
    readonly TimeProvider _time;
    readonly Action<string> _tell;
    readonly HttpClient _http;
    DateTimeOffset _waitsUntil;

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
                if (attempt.RetryDelay >= LongWait) TellWait(attempt.Outcome.Exception!.Message, attempt.RetryDelay);
                return ValueTask.CompletedTask;
            },
        }).Build();
    }

    /// <summary>Tells of a wait, once for all connections that wait at a time.</summary>
    void TellWait(string why, TimeSpan wait)
    {
        lock (_http)
        {
            if (_time.GetUtcNow() < _waitsUntil) return;
            _waitsUntil = _time.GetUtcNow() + wait;
        }
        _tell($"{why}; trying again in {wait.TotalSeconds:0} s");
    }

    /// <summary>Returns a JSON answer: valid UTF-8 with no key twice.</summary>
    public async Task<JsonDocument> Json(Uri address, HubRequestInfo info, CancellationToken stop)
    {
        using var answer = await Send(HttpMethod.Get, address, null, leavesHub: true, info, stop);
        try
        {
            var bytes = await Bytes(answer, MostListBytes, address, stop);
            return Utf8.IsValid(bytes) ? JsonText.Parse(bytes, "its answer") : throw new UserErrorException("its answer is not UTF-8");
        }
        catch (UserErrorException e)
        {
            throw new HubFailure(
                $"{Place(address)} sent no list of files: {e.Message}; is it a hub (HF_ENDPOINT, MODELSCOPE_DOMAIN)?", inner: e);
        }
    }

    /// <summary>Reads an answer that is not long.</summary>
    /// <exception cref="HubFailure">The connection was cut, or the answer goes on beyond the limit.</exception>
    public async Task<byte[]> Bytes(HttpResponseMessage answer, int most, Uri address, CancellationToken stop)
    {
        using var limit = Limit(stop);
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 14];
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(limit.Token);
            for (int read; (read = await stream.ReadAsync(buffer, limit.Token)) > 0; Extend(limit))
            {
                if (bytes.Length + read > most)
                    throw new HubFailure($"{Place(address)} sends more than {most:N0} bytes where fewer are right", isFinal: true);
                bytes.Write(buffer, 0, read);
            }
            return bytes.ToArray();
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw Silence(address);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubFailure($"the connection to {address.GetLeftPart(UriPartial.Authority)} was cut", inner: e);
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

    /// <summary>Returns the failure of a server that has another length of a file than is right, and may have its pointer.</summary>
    public async Task<HubFailure> WrongLength(Uri address, (long Found, long Right) length, HubRequestInfo info, CancellationToken stop)
    {
        var wrong = new HubFailure($"{info.File}: {Place(address)} has {length.Found:N0} bytes of it, and {length.Right:N0} are right; " +
            "it is another file: use another mirror, or try again later", isFinal: true);
        if (length.Found > LfsPointer.MostBytes) return wrong;
        try
        {
            using var answer = await Send(HttpMethod.Get, address, null, leavesHub: true, info, stop);
            var bytes = await Bytes(answer, LfsPointer.MostBytes, address, stop);
            return bytes.AsSpan().StartsWith(InputFile.LfsPointer) ? LfsPointer.Refusal(info.File!, Place(address)) : wrong;
        }
        catch (HubFailure)
        {
            return wrong;
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
