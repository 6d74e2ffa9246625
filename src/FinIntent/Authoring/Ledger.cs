namespace FinIntent.Authoring;

/// <summary>Money, tokens and requests together. Money is decimal, in the currency of the prices: no sum of it is rounded.</summary>
readonly record struct Amount(decimal Cost, long Tokens, int Requests)
{
    public static Amount operator +(Amount a, Amount b) => new(a.Cost + b.Cost, a.Tokens + b.Tokens, a.Requests + b.Requests);

    public static Amount operator -(Amount a, Amount b) => new(a.Cost - b.Cost, a.Tokens - b.Tokens, a.Requests - b.Requests);
}

/// <summary>The most that may be spent of everything; null means no limit.</summary>
sealed record Limits(decimal? Cost = null, long? Tokens = null, int? Requests = null)
{
    /// <summary>Returns the setting that an amount goes beyond, with its value; null when there is none.</summary>
    public string? Beyond(Amount amount) =>
        amount.Cost > Cost ? string.Create(CultureInfo.InvariantCulture, $"budget ({Cost})")
        : amount.Tokens > Tokens ? string.Create(CultureInfo.InvariantCulture, $"max_tokens_total ({Tokens})")
        : amount.Requests > Requests ? string.Create(CultureInfo.InvariantCulture, $"max_requests ({Requests})") : null;
}

/// <summary>Counts what is spent, and what requests under way may take at most. Thread-safe.</summary>
/// <remarks>A request is sent only when the limits hold even if it and all others under way take their most.</remarks>
sealed class Ledger(Limits limits)
{
    readonly Lock _lock = new();
    Amount _spent, _reserved;
    TaskCompletionSource? _change;

    public Limits Limits => limits;

    public Amount Spent
    {
        get { lock (_lock) return _spent; }
    }

    /// <summary>Adds what earlier runs spent.</summary>
    public void Add(Amount amount)
    {
        lock (_lock) _spent += amount;
    }

    /// <summary>Reserves the most that a request can take; where it does not fit, requests under way are waited for.</summary>
    /// <remarks>So whether a request is sent depends on those before it, which may take less than their most, not on their speed.</remarks>
    /// <param name="kept">What must be left besides, for what this request leads to.</param>
    /// <returns>The limit that stands in the way; null when the amount is reserved.</returns>
    public async Task<string?> Reserve(Amount most, Amount kept, CancellationToken stop)
    {
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (limits.Beyond(_spent + _reserved + most + kept) is not { } limit)
                {
                    _reserved += most;
                    return null;
                }
                if (_reserved.Requests == 0) return limit;
                change = (_change ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            await change.WaitAsync(stop);
        }
    }

    /// <summary>Counts a failed attempt that may have been charged for as its most, and reserves as much again for the next one.</summary>
    /// <returns>The limit that stands in the way; the failed attempt is settled in any case.</returns>
    public string? ReserveAgain(Amount most)
    {
        lock (_lock)
        {
            Settle(most, most);
            var limit = limits.Beyond(_spent + _reserved + most);
            if (limit is null) _reserved += most;
            return limit;
        }
    }

    /// <summary>Settles a request that is done: what it took replaces the most it could take.</summary>
    public void Settle(Amount most, Amount taken)
    {
        lock (_lock)
        {
            _reserved -= most;
            _spent += taken;
            _change?.TrySetResult();
            _change = null;
        }
    }
}
