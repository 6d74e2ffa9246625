using System.Buffers;
using System.Runtime.InteropServices;

namespace FinIntent.Data.Tokens;

/// <summary>
/// Tokenised rows on disk, so that memory does not grow with their number: one file of rows, one of where each begins. Rows are added
/// first and read later, by any number of threads. The files have no name from the beginning (Windows: are deleted on close), so nothing
/// stays behind, however the process ends.
/// </summary>
sealed class RowStore : IRowSource, IDisposable
{
    readonly TemporaryFile? _rows, _starts;
    readonly StoredRows? _stored;
    long _length;

    /// <param name="folder">Where there is room for about 5 bytes a token; null: the system's temporary folder.</param>
    public RowStore(string? folder = null)
    {
        folder ??= Path.GetTempPath();
        Directory.CreateDirectory(folder);
        _rows = new(folder);
        _starts = new(folder);
        _starts.Append(MemoryMarshal.AsBytes<long>([0L]));
    }

    /// <summary>Rows that are on disk already; none can be added.</summary>
    public RowStore(StoredRows stored)
    {
        (_stored, _length) = (stored, stored.RowBytes);
        (Count, TokenCount, LargestId, HasLabels) = (stored.Totals.Count, stored.Totals.TokenCount, stored.Totals.LargestId, stored.Totals.HasLabels);
    }

    public StoredTotals Totals => new(Count, TokenCount, LargestId, HasLabels);

    public int Count { get; private set; }

    /// <summary>Tokens of all rows together.</summary>
    public long TokenCount { get; private set; }

    /// <summary>On disk.</summary>
    public long Bytes => _length + ((Count + 1L) * sizeof(long));

    /// <summary>Of all tokens and labels.</summary>
    public int LargestId { get; private set; }

    /// <summary>Whether any token is to be learnt; a row's first has nothing before it to be predicted from.</summary>
    public bool HasLabels { get; private set; }

    public void Add(TokenRow row)
    {
        if (_starts is null) throw new InvalidOperationException("these rows are complete");
        if (row.InputIds.Length == 0) throw new ArgumentException("a row needs a token");
        if (row.Labels.Length != row.InputIds.Length) throw new ArgumentException($"a row of {row.InputIds.Length} tokens has {row.Labels.Length} labels");
        // Labels are nearly always some ignored ones and then the tokens themselves, so their number is all that is kept.
        var ignored = IgnoredPrefix(row);
        var isPrefix = row.Labels.AsSpan(ignored).SequenceEqual(row.InputIds.AsSpan(ignored));
        Write([row.InputIds.Length, isPrefix ? ignored : -1]);
        Write(row.InputIds);
        if (!isPrefix) Write(row.Labels);
        _starts.Append(MemoryMarshal.AsBytes<long>([_length]));
        LargestId = Math.Max(LargestId, Math.Max(row.InputIds.Max(), row.Labels.Max()));
        HasLabels |= row.Labels.AsSpan(1).ContainsAnyExcept(TokenRow.IgnoredLabel);
        Count++;
        TokenCount += row.InputIds.Length;
    }

    public TokenRow Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        Span<long> place = stackalloc long[2];
        ReadStarts(MemoryMarshal.AsBytes(place), (long)index * sizeof(long));
        var rented = ArrayPool<int>.Shared.Rent((int)((place[1] - place[0]) / sizeof(int)));
        try
        {
            var stored = rented.AsSpan(0, (int)((place[1] - place[0]) / sizeof(int)));
            ReadRows(MemoryMarshal.AsBytes(stored), place[0]);
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

    /// <summary>Hands out the bytes of the two files, one after the other.</summary>
    /// <returns>Their lengths.</returns>
    public (long Rows, long Starts) CopyTo(Writer write)
    {
        var starts = (Count + 1L) * sizeof(long);
        Copy(_length, ReadRows);
        Copy(starts, ReadStarts);
        return (_length, starts);

        void Copy(long length, Reader read)
        {
            var buffer = new byte[1 << 20];
            for (var at = 0L; at < length; at += buffer.Length)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
                read(part, at);
                write(part);
            }
        }
    }

    public delegate void Writer(ReadOnlySpan<byte> bytes);

    delegate void Reader(Span<byte> bytes, long offset);

    void ReadRows(Span<byte> bytes, long offset)
    {
        if (_stored is null) _rows!.Read(bytes, offset);
        else _stored.ReadRows(bytes, offset);
    }

    void ReadStarts(Span<byte> bytes, long offset)
    {
        if (_stored is null) _starts!.Read(bytes, offset);
        else _stored.ReadStarts(bytes, offset);
    }

    static int IgnoredPrefix(TokenRow row)
    {
        var first = row.Labels.AsSpan().IndexOfAnyExcept(TokenRow.IgnoredLabel);
        return first < 0 ? row.Labels.Length : first;
    }

    void Write(ReadOnlySpan<int> values)
    {
        _rows!.Append(MemoryMarshal.AsBytes(values));
        _length += values.Length * sizeof(int);
    }

    public void Dispose()
    {
        _rows?.Dispose();
        _starts?.Dispose();
        _stored?.Dispose();
    }
}
