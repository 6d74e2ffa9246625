using FinIntent.Models;

namespace FinIntent.Generation;

/// <summary>Is a prompt that is being continued.</summary>
/// <param name="number">Its place among the requests.</param>
sealed class GeneratedRow(int number, GenerationRequest request, Sampler sampler)
{
    public int Number => number;
    public Sampler Sampler => sampler;

    /// <summary>What the model made of the place of the last token; null when that is not asked for.</summary>
    public TokenReading? Reading { get; set; }

    /// <summary>The ids of the prompt and of the answer so far.</summary>
    public List<int> Seen { get; } = [.. request.Prompt];
    public int[] Answer => [.. Seen.Skip(request.Prompt.Length)];
    public int Length => Seen.Count - request.Prompt.Length;
}

/// <summary>Is answers that are being made, a token a row and step. One thread at a time may use it; between steps others may use the
/// model. Disposing frees its keys and values.</summary>
/// <param name="next">Reads tokens, one list a row, and returns each row's next one.</param>
sealed class TokenGeneration(IReadOnlyList<GeneratedRow> rows, KvCache cache, GenerationLimits limits, int positions,
    Func<IReadOnlyList<int[]>, IReadOnlyList<GeneratedRow>, KvCache, int[]> next) : IDisposable
{
    readonly IReadOnlyList<GeneratedRow> _all = rows;
    IReadOnlyList<GeneratedRow> _rows = rows;
    IReadOnlyList<int[]> _unread = [.. rows.Select(row => row.Seen.ToArray())];

    public Func<int, int, bool>? OnToken { get; init; }
    public Action<int>? OnDone { get; init; }

    /// <summary>The answers' ids so far, without stop ids.</summary>
    public IReadOnlyList<int[]> Answers => [.. _all.Select(row => row.Answer)];

    /// <summary>Returns what the model made of the place of a row's last token; null when that is not asked for.</summary>
    public TokenReading? ReadingOf(int row) => _all[row].Reading;

    /// <summary>Makes the next token of every row that goes on. False means that none does.</summary>
    public bool Step()
    {
        var ids = next(_unread, _rows, cache);
        var going = Enumerable.Range(0, _rows.Count).Where(b => GoesOn(_rows[b], ids[b])).ToList();
        foreach (var row in _rows.Except(going.Select(b => _rows[b]))) OnDone?.Invoke(row.Number);
        if (going.Count > 0 && going.Count < _rows.Count) cache.Keep(going);
        (_rows, _unread) = ([.. going.Select(b => _rows[b])], [.. going.Select(b => new[] { ids[b] })]);
        return _rows.Count > 0;
    }

    bool GoesOn(GeneratedRow row, int id)
    {
        if (limits.StopIds.Contains(id)) return false;
        row.Seen.Add(id);
        return (OnToken?.Invoke(row.Number, id) ?? true) && row.Length < limits.MaxNewTokens && row.Seen.Count < positions;
    }

    public void Dispose() => cache.Dispose();
}
