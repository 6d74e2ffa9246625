using FinIntent.Lora;
using FinIntent.Models;

namespace FinIntent.Generation;

/// <summary>Keeps keys and values of prompts' beginnings between forwards, so that rows which begin alike read only what follows.</summary>
/// <remarks>
/// A beginning is computed in the first forward that uses it, and the least recently used ones give way to others. Which ones there are may
/// be said on any thread; the rest is for the thread that computes. A row's result is that without them, on a CPU to the bit.
/// </remarks>
/// <param name="maxBytes">The most bytes of keys and values that are held; a beginning that is larger alone is never kept.</param>
sealed class KeptBeginnings(CausalLanguageModel model, long maxBytes) : IDisposable
{
    /// <summary>A beginning of tokens that rows of one adapter may have.</summary>
    internal sealed class Beginning(AdapterWeights? adapter, int[] tokens)
    {
        public AdapterWeights? Adapter => adapter;
        public int[] Tokens => tokens;

        /// <summary>What is kept of it; null means nothing now.</summary>
        public KeptKeys? Keys { get; set; }

        /// <summary>The number of the last forward that used it.</summary>
        public long LastUse { get; set; }
    }

    readonly Lock _registering = new();
    readonly List<KeptKeys> _dropped = [];
    IReadOnlyList<Beginning> _beginnings = [];
    long _forwards, _reused, _bytes;

    /// <summary>The tokens of rows that were not read again so far.</summary>
    public long ReusedTokens => Interlocked.Read(ref _reused);

    /// <summary>The bytes that are held now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Says that rows of an adapter will begin with these tokens. Any thread may call it; the same twice is one.</summary>
    public void Add(AdapterWeights? adapter, int[] tokens)
    {
        if (tokens.Length < RowLayout.LeastShared) return; // not worth a stretch of its own
        lock (_registering)
        {
            if (_beginnings.Any(b => b.Adapter == adapter && b.Tokens.AsSpan().SequenceEqual(tokens))) return;
            _beginnings = [.. _beginnings, new(adapter, [.. tokens])];
        }
    }

    /// <summary>Forgets all beginnings of an adapter that is used no more. Any thread may call it.</summary>
    public void Remove(AdapterWeights? adapter)
    {
        lock (_registering)
        {
            var gone = _beginnings.Where(b => b.Adapter == adapter).ToList();
            _beginnings = [.. _beginnings.Except(gone)];
            _dropped.AddRange(gone.Select(b => b.Keys).OfType<KeptKeys>()); // a forward may be using them: the next one frees them
        }
    }

    /// <summary>Returns how many of a row's tokens need not be computed, when it is asked behind this many of them.</summary>
    internal int TokensOf(AdapterWeights? adapter, ReadOnlySpan<int> row, int asked) =>
        Find(adapter, row, asked) is var (_, tokens) ? tokens : 0;

    /// <summary>Finds the longest beginning of a row, and how many of its tokens the row may take from there; null means none.</summary>
    /// <param name="asked">How many of the row's tokens stand before the first place where the model is asked, with that one.</param>
    internal (Beginning Beginning, int Tokens)? Find(AdapterWeights? adapter, ReadOnlySpan<int> row, int asked)
    {
        Beginning? longest = null;
        foreach (var beginning in _beginnings)
            if (beginning.Adapter == adapter && beginning.Tokens.Length > (longest?.Tokens.Length ?? 0) && row.StartsWith(beginning.Tokens)
                && BytesOf(beginning.Tokens.Length) <= maxBytes)
                longest = beginning;
        if (longest is null) return null;
        var tokens = Math.Min(longest.Tokens.Length, asked - LeastOwn);
        return tokens < RowLayout.LeastShared ? null : (longest, tokens);
    }

    /// <summary>The tokens that a row reads itself: one, and on a CPU so many that products add up as those of many rows do.</summary>
    int LeastOwn => model.Placement.Device.type == DeviceType.CPU ? Math.Max(16, 4 * get_num_threads()) : 1;

    long BytesOf(int tokens) =>
        2L * model.Shape.Layers * tokens * model.Shape.KvHeads * model.Shape.HeadDim * model.ComputeType.ElementSize();

    /// <summary>Begins a forward: what was forgotten is freed, and what it uses is computed unless it is there.</summary>
    /// <param name="rows">A row's adapter and tokens, and how many of them stand up to the first place where the model is asked.</param>
    /// <returns>What each row stands on.</returns>
    internal IReadOnlyList<RowContext> Behind(IReadOnlyList<(AdapterWeights? Adapter, int[] Row, int Asked)> rows)
    {
        lock (_registering)
        {
            _forwards++;
            FreeDropped();
            var found = rows.Select(row => Find(row.Adapter, row.Row, row.Asked)).ToList();
            var used = found.OfType<(Beginning Beginning, int)>().Select(f => f.Beginning).Distinct().ToList();
            foreach (var beginning in used.Where(b => b.Keys is not null)) beginning.LastUse = _forwards;
            foreach (var beginning in used.Where(b => b.Keys is null && MakeRoom(BytesOf(b.Tokens.Length)))) Fill(beginning);
            return [.. rows.Zip(found, Context)];
        }
    }

    RowContext Context((AdapterWeights? Adapter, int[] Row, int Asked) row, (Beginning Beginning, int Tokens)? found)
    {
        if (found is not { Beginning: { Keys: { } keys } } behind) return new(row.Adapter);
        Interlocked.Add(ref _reused, behind.Tokens);
        return new(row.Adapter, keys, behind.Tokens);
    }

    /// <summary>Frees least recently used beginnings that this forward does not use; false: there is no room all the same.</summary>
    bool MakeRoom(long bytes)
    {
        while (_bytes + bytes > maxBytes)
        {
            if (_beginnings.Where(b => b.Keys is not null && b.LastUse < _forwards).MinBy(b => b.LastUse) is not { } oldest) return false;
            Free(oldest.Keys!);
            oldest.Keys = null;
        }
        return true;
    }

    void Fill(Beginning beginning)
    {
        using var noGradient = no_grad();
        using var cache = new KvCache(model.Shape, 1, beginning.Tokens.Length);
        using var batch = TokenBatch.Last([beginning.Tokens], model.Placement.Device, cache, contexts: [new(beginning.Adapter)]);
        model.Hidden(batch).Dispose();
        (beginning.Keys, beginning.LastUse) = (KeptKeys.Of(cache, model.Shape.Layers), _forwards);
        Interlocked.Add(ref _bytes, BytesOf(beginning.Tokens.Length));
    }

    void FreeDropped()
    {
        foreach (var keys in _dropped) Free(keys);
        _dropped.Clear();
    }

    void Free(KeptKeys keys)
    {
        Interlocked.Add(ref _bytes, -BytesOf(keys.Length));
        keys.Dispose();
    }

    public void Dispose()
    {
        FreeDropped();
        foreach (var beginning in _beginnings)
        {
            if (beginning.Keys is { } keys) Free(keys);
            beginning.Keys = null;
        }
    }
}
