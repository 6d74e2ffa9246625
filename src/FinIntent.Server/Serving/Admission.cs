using FinIntent.Server.Errors;

namespace FinIntent.Server.Serving;

/// <summary>Ends the waiting of a request whose deadline has passed.</summary>
sealed class DeadlineException(TimeSpan deadline)
    : Exception($"the deadline of {deadline.TotalMilliseconds:0} ms passed before the answer was there; what was not computed is not");

/// <summary>Bounds what is accepted and not answered yet, in texts and in tokens. Any thread may use it.</summary>
/// <remarks>A request is counted before it is tokenised, and its tokens as soon as they are known, each by one exchange: no crowd of
/// requests can pass a check that none of them has been counted in.</remarks>
sealed class Admission(int maxRows, int maxTokens)
{
    static readonly TimeSpan FirstGuess = TimeSpan.FromMilliseconds(250), LeastWait = TimeSpan.FromMilliseconds(20),
        MostWait = TimeSpan.FromSeconds(30);

    readonly Lock _lock = new();
    TaskCompletionSource? _empty;
    int _rows, _tokens, _requests;
    double _rowSeconds;

    public int MaxRows => maxRows;
    public int MaxTokens => maxTokens;

    /// <summary>The texts that are accepted and not answered.</summary>
    public int Rows => Volatile.Read(ref _rows);

    /// <summary>The requests that they belong to.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Their tokens.</summary>
    public int Tokens => Volatile.Read(ref _tokens);

    /// <summary>Says whether the server takes nothing new, since it stops.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Accepts a request of so many texts.</summary>
    /// <exception cref="ServerError">429: there is no room now. 400: there never is. 503: the server stops.</exception>
    public Ticket Enter(int rows)
    {
        if (rows > maxRows)
            throw ServerError.BadRequest($"the request has {rows} texts and the server takes {maxRows} at most; send them in several",
                code: "too_many_texts");
        lock (_lock)
        {
            if (IsDraining) throw new ServerError(503, "the server is stopping; ask another one", "draining") { RetryAfter = LeastWait };
            if (rows > maxRows - _rows) throw Full($"{_rows} texts of {maxRows} wait for their answers", rows);
            (_rows, _requests) = (_rows + rows, _requests + 1);
        }
        return new(this, rows);
    }

    /// <summary>Takes in nothing more, and returns a task that ends when all that was accepted is answered.</summary>
    public Task Drain()
    {
        lock (_lock)
        {
            IsDraining = true;
            _empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_requests == 0) _empty.TrySetResult();
            return _empty.Task;
        }
    }

    /// <summary>Learns how long the texts of a forward took, for the advice when to come again.</summary>
    public void Learn(int rows, TimeSpan computed)
    {
        if (rows == 0) return;
        var each = computed.TotalSeconds / rows;
        lock (_lock) _rowSeconds = _rowSeconds == 0 ? each : 0.9 * _rowSeconds + 0.1 * each;
    }

    ServerError Full(string what, int rows) => new(429, $"the server is busy: {what}, and {rows} more do not fit; try again later",
        "queue_full")
    {
        RetryAfter = WaitFor(_rows),
    };

    /// <summary>How long the texts that wait will take, about.</summary>
    TimeSpan WaitFor(int rows)
    {
        if (_rowSeconds == 0) return FirstGuess;
        var wait = TimeSpan.FromSeconds(Math.Min(_rowSeconds * rows / 2, MostWait.TotalSeconds));
        return wait < LeastWait ? LeastWait : wait;
    }

    /// <summary>Is a request's place. Disposing it gives the place to others.</summary>
    public sealed class Ticket : IDisposable
    {
        readonly Admission _of;
        readonly int _rows;
        int _tokens;
        bool _isLeft;

        internal Ticket(Admission of, int rows) => (_of, _rows) = (of, rows);

        /// <summary>Counts tokens of the request.</summary>
        /// <exception cref="ServerError">429: there is no room for them now. 400: there never is.</exception>
        public void Count(int tokens)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(tokens);
            if (tokens > _of.MaxTokens)
                throw ServerError.BadRequest($"the request has {tokens} tokens and the server takes {_of.MaxTokens} at most; " +
                    $"send fewer texts",
                    code: "too_many_tokens");
            lock (_of._lock)
            {
                if (tokens > _of.MaxTokens - _of._tokens) throw _of.Full($"{_of._tokens} tokens of {_of.MaxTokens} wait", tokens);
                _of._tokens += tokens;
                _tokens += tokens;
            }
        }

        public void Dispose()
        {
            lock (_of._lock)
            {
                if (_isLeft) return;
                _isLeft = true;
                _of._rows -= _rows;
                _of._tokens -= _tokens;
                _of._requests--;
                if (_of is { IsDraining: true, _requests: 0 }) _of._empty?.TrySetResult();
            }
        }
    }
}
