using System.Buffers;
using FinIntent.Text;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

/// <summary>Holds what a row store counts as rows are added.</summary>
/// <param name="TokenCount">The tokens of all rows together.</param>
/// <param name="LargestId">The largest id of all tokens and labels.</param>
/// <param name="HasLabels">Says whether any token is to be learnt; a row's first has nothing before it to be predicted from.</param>
sealed record StoredTotals(int Count, long TokenCount, int LargestId, bool HasLabels);

/// <summary>Keeps tokenised rows on disk, with 8 bytes a row in memory. Rows are added first and read later, by many threads.</summary>
/// <remarks>The file that rows are added to has no name (on Windows it is deleted when it is closed), so nothing stays behind.</remarks>
sealed class RowStore : IRowSource, IDisposable
{
    readonly TemporaryFile? _added;
    readonly SafeFileHandle? _stored;
    readonly List<long> _starts = [0];

    /// <param name="folder">A folder with room for about 5 bytes a token; null means the system's temporary folder.</param>
    public RowStore(string? folder = null)
    {
        folder ??= Path.GetTempPath();
        Directory.CreateDirectory(folder);
        _added = new(folder);
    }

    /// <summary>Opens rows that are on disk already; none can be added.</summary>
    /// <param name="stored">A file that begins with the rows, and that this store closes.</param>
    /// <param name="length">The bytes of the rows, which the places where each row begins, and the last one ends, follow.</param>
    public RowStore(SafeFileHandle stored, long length, StoredTotals totals)
    {
        (_stored, Totals) = (stored, totals);
        CollectionsMarshal.SetCount(_starts, totals.Count + 1);
        stored.ReadAll(StartBytes, length);
    }

    public StoredTotals Totals { get; private set; } = new(0, 0, 0, false);
    public int Count => Totals.Count;

    /// <summary>The bytes of the rows and of the places where they begin.</summary>
    public long Bytes => RowBytes + StartBytes.Length;
    public long RowBytes => _starts[^1];

    Span<byte> StartBytes => MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_starts));

    public void Add(TokenRow row)
    {
        if (_added is null) throw new InvalidOperationException("these rows are complete");
        if (row.InputIds.Length == 0) throw new ArgumentException("a row needs a token");
        if (row.Labels.Length != row.InputIds.Length)
            throw new ArgumentException($"a row of {row.InputIds.Length} tokens has {row.Labels.Length} labels");
        // Labels are nearly always some ignored ones and then the tokens themselves, so their number is all that is kept.
        var ignored = IgnoredPrefix(row);
        var isPrefix = row.Labels.AsSpan(ignored).SequenceEqual(row.InputIds.AsSpan(ignored));
        ReadOnlySpan<int> values = [row.InputIds.Length, isPrefix ? ignored : -1, .. row.InputIds, .. isPrefix ? [] : row.Labels];
        _added.Append(MemoryMarshal.AsBytes(values));
        _starts.Add(RowBytes + (values.Length * sizeof(int)));
        Totals = new(Count + 1, Totals.TokenCount + row.InputIds.Length,
            Math.Max(Totals.LargestId, Math.Max(row.InputIds.Max(), row.Labels.Max())),
            Totals.HasLabels || row.Labels.AsSpan(1).ContainsAnyExcept(TokenRow.IgnoredLabel));
    }

    public TokenRow Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var values = (int)((_starts[index + 1] - _starts[index]) / sizeof(int));
        var rented = ArrayPool<int>.Shared.Rent(values);
        try
        {
            var stored = rented.AsSpan(0, values);
            File.ReadAll(MemoryMarshal.AsBytes(stored), _starts[index]);
            var (length, ignored) = (stored[0], stored[1]);
            var ids = stored.Slice(2, length).ToArray();
            if (ignored < 0) return new(ids, stored[(2 + length)..].ToArray());
            var labels = ids.AsSpan().ToArray();
            labels.AsSpan(0, ignored).Fill(TokenRow.IgnoredLabel);
            return new(ids, labels);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    /// <summary>Hands out the bytes of the rows, and then those of the places where they begin.</summary>
    public void CopyTo(Action<ReadOnlySpan<byte>> write)
    {
        File.ReadParts(RowBytes, write);
        write(StartBytes);
    }

    SafeFileHandle File => _stored ?? _added!.Flush();

    static int IgnoredPrefix(TokenRow row)
    {
        var first = row.Labels.AsSpan().IndexOfAnyExcept(TokenRow.IgnoredLabel);
        return first < 0 ? row.Labels.Length : first;
    }

    public void Dispose()
    {
        _added?.Dispose();
        _stored?.Dispose();
    }
}
