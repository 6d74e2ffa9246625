using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text.Json;
using FinIntent.Files;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

/// <summary>What a row store counts as rows are added.</summary>
sealed record StoredTotals(int Count, long TokenCount, int LargestId, bool HasLabels);

/// <summary>What was said of the rows when they were encoded.</summary>
/// <param name="Warnings">That a host was told.</param>
/// <param name="Findings">Null: nobody looked.</param>
sealed record StoredRemarks(IReadOnlyList<string> Warnings, RowFindings? Findings);

/// <summary>
/// A row store as one file: the rows, where each begins, totals and remarks as JSON, a footer with the lengths of these, and XXH128 of all that. A file that was
/// cut or changed is not opened. It is read in place; once it is open it may be removed or replaced.
/// </summary>
sealed class StoredRows : IDisposable
{
    const int FooterBytes = 48, HashBytes = 16;
    static readonly ulong Mark = (('0' + (ulong)FormatVersion.Tokens.Newest) << 48) | 0x53_57_4F_52_49_46UL; // "FIROWS1"

    readonly SafeFileHandle _file;
    readonly long _starts;

    StoredRows(SafeFileHandle file, long starts, Content content) =>
        (_file, _starts, Totals, Remarks) = (file, starts, content.Totals, content.Remarks);

    public StoredTotals Totals { get; }

    public StoredRemarks Remarks { get; }

    public long RowBytes => _starts;

    sealed record Content(StoredTotals Totals, StoredRemarks Remarks);

    public static void Write(string path, RowStore rows, StoredRemarks remarks)
    {
        using var file = AtomicFile.Begin(path);
        var hash = new XxHash128();
        var (rowBytes, startBytes) = rows.CopyTo(Append);
        var content = JsonSerializer.SerializeToUtf8Bytes(new Content(rows.Totals, remarks));
        Append(content);
        var footer = new byte[FooterBytes - HashBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(footer, Mark);
        foreach (var (i, length) in new[] { rowBytes, startBytes, content.Length }.Index()) BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8 * (i + 1)), length);
        Append(footer);
        file.Stream.Write(hash.GetCurrentHash());
        file.Commit();

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.Append(bytes);
            file.Stream.Write(bytes);
        }
    }

    /// <summary>Null: there is no such file, or it is not whole.</summary>
    public static StoredRows? Open(string path)
    {
        if (!File.Exists(path)) return null;
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            if (Read(file) is { } stored) return stored;
        }
        catch (JsonException)
        {
            // Written by another version, whose totals are others.
        }
        file.Dispose();
        return null;
    }

    static StoredRows? Read(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        if (length < FooterBytes) return null;
        var footer = new byte[FooterBytes];
        ReadAll(file, footer, length - FooterBytes);
        var lengths = Enumerable.Range(1, 3).Select(i => BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(8 * i))).ToArray();
        if (BinaryPrimitives.ReadUInt64LittleEndian(footer) != Mark || lengths.Any(part => part < 0 || part > length) || lengths.Sum() + FooterBytes != length) return null;
        if (!Hash(file, length - HashBytes).AsSpan().SequenceEqual(footer.AsSpan(FooterBytes - HashBytes))) return null;
        var json = new byte[lengths[2]];
        ReadAll(file, json, lengths[0] + lengths[1]);
        return JsonSerializer.Deserialize<Content>(json) is { Totals: not null, Remarks: not null } content ? new(file, lengths[0], content) : null;
    }

    static byte[] Hash(SafeFileHandle file, long length)
    {
        var (hash, buffer) = (new XxHash128(), new byte[1 << 20]);
        for (var at = 0L; at < length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
            ReadAll(file, part, at);
            hash.Append(part);
        }
        return hash.GetCurrentHash();
    }

    public void ReadRows(Span<byte> bytes, long offset) => ReadAll(_file, bytes, offset);

    public void ReadStarts(Span<byte> bytes, long offset) => ReadAll(_file, bytes, _starts + offset);

    static void ReadAll(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0) throw new EndOfStreamException("a file of encoded rows ended early: was it cut while it was read?");
            bytes = bytes[read..];
            offset += read;
        }
    }

    public void Dispose() => _file.Dispose();
}
