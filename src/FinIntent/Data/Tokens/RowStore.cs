using System.Buffers;
using System.Runtime.InteropServices;
using FinIntent.Text;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

/// <summary>What a row store counts as rows are added.</summary>
/// <param name="TokenCount">Of all rows together.</param>
/// <param name="LargestId">Of all tokens and labels.</param>
/// <param name="HasLabels">Whether any token is to be learnt; a row's first has nothing before it to be predicted from.</param>
sealed record StoredTotals(int Count, long TokenCount, int LargestId, bool HasLabels);

/// <summary>
/// Tokenised rows on disk, so that memory does not grow with their number: the rows, and where each begins. Rows are added first and read
/// later, by any number of threads. Files that rows are added to have no name from the beginning (on Windows they are deleted when they are
/// closed), so nothing stays behind, however the process ends.
/// </summary>
sealed class RowStore : IRowSource, IDisposable
{
    delegate void Reader(Span<byte> bytes, long offset);

    readonly TemporaryFile? _rows, _starts;
    readonly SafeFileHandle? _stored;
    readonly Reader _readRows, _readStarts;
    long _length;

    /// <param name="folder">Where there is room for about 5 bytes a token; null: the system's temporary folder.</param>
    public RowStore(string? folder = null)
    {
        folder ??= Path.GetTempPath();
        Directory.CreateDirectory(folder);
        (_rows, _starts) = (new(folder), new(folder));
        (_readRows, _readStarts) = (_rows.Read, _starts.Read);
        _starts.Append(MemoryMarshal.AsBytes<long>([0L]));
    }

    /// <summary>Opens rows that are on disk already; none can be added.</summary>
    /// <param name="stored">A file that begins with the rows, and that this store closes.</param>
    /// <param name="length">The bytes of the rows; where each begins follows them.</param>
    public RowStore(SafeFileHandle stored, long length, StoredTotals totals)
    {
        (_stored, _length, Totals) = (stored, length, totals);
        _readRows = (bytes, offset) => stored.ReadAll(bytes, offset);
        _readStarts = (bytes, offset) => stored.ReadAll(bytes, length + offset);
    }

    public StoredTotals Totals { get; private set; } = new(0, 0, 0, false);

    public int Count => Totals.Count;

    /// <summary>The bytes on disk.</summary>
    public long Bytes => _length + ((Count + 1L) * sizeof(long));

    public void Add(TokenRow row)
    {
        if (_starts is null) throw new InvalidOperationException("these rows are complete");
        if (row.InputIds.Length == 0) throw new ArgumentException("a row needs a token");
        if (row.Labels.Length != row.InputIds.Length)
            throw new ArgumentException($"a row of {row.InputIds.Length} tokens has {row.Labels.Length} labels");
        // Labels are nearly always some ignored ones and then the tokens themselves, so their number is all that is kept.
        var ignored = IgnoredPrefix(row);
        var isPrefix = row.Labels.AsSpan(ignored).SequenceEqual(row.InputIds.AsSpan(ignored));
        Write([row.InputIds.Length, isPrefix ? ignored : -1]);
        Write(row.InputIds);
        if (!isPrefix) Write(row.Labels);
        _starts.Append(MemoryMarshal.AsBytes<long>([_length]));
        Totals = new(Count + 1, Totals.TokenCount + row.InputIds.Length,
            Math.Max(Totals.LargestId, Math.Max(row.InputIds.Max(), row.Labels.Max())),
            Totals.HasLabels || row.Labels.AsSpan(1).ContainsAnyExcept(TokenRow.IgnoredLabel));
    }

    public TokenRow Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        Span<long> place = stackalloc long[2];
        _readStarts(MemoryMarshal.AsBytes(place), (long)index * sizeof(long));
        var rented = ArrayPool<int>.Shared.Rent((int)((place[1] - place[0]) / sizeof(int)));
        try
        {
            var stored = rented.AsSpan(0, (int)((place[1] - place[0]) / sizeof(int)));
            _readRows(MemoryMarshal.AsBytes(stored), place[0]);
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

    /// <summary>Hands out the bytes of the rows, and then those that tell where each begins.</summary>
    /// <returns>The lengths of both.</returns>
    public (long Rows, long Starts) CopyTo(Action<ReadOnlySpan<byte>> write)
    {
        Copy(_length, _readRows);
        Copy(Bytes - _length, _readStarts);
        return (_length, Bytes - _length);

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
