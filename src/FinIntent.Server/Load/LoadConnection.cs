using System.Net.Security;
using System.Net.Sockets;

namespace FinIntent.Server.Load;

/// <summary>Is one client's connection, opened when it is needed: sends a request, waits for its answer, keeps how it went.</summary>
/// <remarks>One request at a time. It takes 11 to 24 µs of a core for each, so that the server has the machine (docs/log.md).</remarks>
/// <param name="onAnswer">It is given a request's index, its status and its body, which is only valid during the call.</param>
sealed class LoadConnection(LoadTarget target, LoadRequests requests, Action<long, int, ReadOnlyMemory<byte>>? onAnswer) : IDisposable
{
    readonly AnswerReader _answer = new();
    readonly byte[] _request = new byte[requests.LongestBytes], _id = new byte[LoadRequests.IdDigits];
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    Socket? _socket;
    Stream? _stream;
    long _waitingSince, _lastUse;
    volatile bool _isTimedOut;

    /// <summary>How the requests went, in their order.</summary>
    public List<LoadSample> Samples { get; } = [];

    /// <summary>The requests that were begun.</summary>
    public long Begun { get; private set; }

    /// <summary>Sends the request of an index and waits for its end, which <see cref="Samples"/> then has. It throws nothing.</summary>
    public async Task Send(long index, long intended)
    {
        Begun++;
        var sent = Stopwatch.GetTimestamp();
        var (ending, isAsked) = (LoadEnding.NotConnected, false);
        Volatile.Write(ref _waitingSince, sent);
        try
        {
            CloseIfServerDid();
            if (_stream is null) await Connect();
            ending = LoadEnding.Unanswered;
            await _stream!.WriteAsync(_request.AsMemory(0, requests.Write(index, _request)));
            isAsked = true;
            await _answer.Read(_stream);
            ending = IsMine(index) ? LoadEnding.Answered : LoadEnding.NotMine;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidDataException
            or System.Security.Authentication.AuthenticationException)
        {
            if (isAsked && _answer.HasBegun) ending = LoadEnding.Broken;
            if (_isTimedOut) ending = LoadEnding.TimedOut;
        }
        Volatile.Write(ref _waitingSince, 0);
        var isAnswered = ending == LoadEnding.Answered;
        Samples.Add(new(intended, sent, Stopwatch.GetTimestamp(), ending, (short)(isAnswered ? _answer.Status : 0),
            isAnswered && _answer.LacksRetry));
        if (isAnswered) onAnswer?.Invoke(index, _answer.Status, _answer.Body);
        if (!isAnswered || _answer.IsLast) Close();
        _lastUse = Stopwatch.GetTimestamp();
    }

    /// <summary>A server closes connections that nobody uses; as any client does, it is asked over a new one then.</summary>
    void CloseIfServerDid()
    {
        if (_socket is not { } socket || Stopwatch.GetElapsedTime(_lastUse) < Idle) return;
        if (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0) Close();
    }

    /// <summary>Ends the waiting for an answer that has not come in a time. Another thread may call it.</summary>
    public void CloseIfWaitingLongerThan(TimeSpan timeout)
    {
        if (Volatile.Read(ref _waitingSince) is not (> 0 and var since) || Stopwatch.GetElapsedTime(since) < timeout) return;
        _isTimedOut = true;
        _socket?.Dispose();
    }

    /// <summary>An answer that was accepted repeats the request's id; errors need not.</summary>
    bool IsMine(long index)
    {
        if (_answer.HasSurplus) return false;
        if (_answer.Status != 200) return true;
        LoadRequests.WriteId(index, _id);
        return _answer.Body.Span.IndexOf(_id) >= 0;
    }

    async Task Connect()
    {
        _isTimedOut = false;
        _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(target.Url.IdnHost.Trim('[', ']'), target.Url.Port);
        _stream = new NetworkStream(_socket, ownsSocket: true);
        if (target.Url.Scheme != Uri.UriSchemeHttps) return;
        var secure = new SslStream(_stream);
        _stream = secure;
        await secure.AuthenticateAsClientAsync(target.Url.IdnHost);
    }

    void Close()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        (_stream, _socket) = (null, null);
    }

    public void Dispose() => Close();
}
