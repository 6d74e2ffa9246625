using System.Buffers.Binary;
using System.IO.Hashing;
using FinIntent.Files;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

/// <summary>Holds what was said of the rows when they were encoded.</summary>
/// <param name="Warnings">The warnings that a host was told.</param>
/// <param name="Findings">The findings of a survey; null when there was none.</param>
sealed record StoredRemarks(IReadOnlyList<string> Warnings, RowFindings? Findings);

/// <summary>Keeps a row store as one file: rows, their places, totals and remarks as JSON, these lengths, XXH128 of all.</summary>
/// <remarks>A file that was cut or changed is not opened. It is read in place; once it is open it may be removed or replaced.</remarks>
static class StoredRows
{
    const int FooterBytes = 48, HashBytes = 16;
    static readonly ulong Mark = (('0' + (ulong)FormatVersion.Tokens.Newest) << 48) | 0x53_57_4F_52_49_46UL; // "FIROWS1"

    sealed record Content(StoredTotals Totals, StoredRemarks Remarks);

    public static void Write(string path, RowStore rows, StoredRemarks remarks)
    {
        using var file = AtomicFile.Begin(path);
        var hash = new XxHash128();
        rows.CopyTo(Append);
        var content = JsonSerializer.SerializeToUtf8Bytes(new Content(rows.Totals, remarks));
        Append(content);
        var footer = new byte[FooterBytes - HashBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(footer, Mark);
        foreach (var (i, length) in new[] { rows.RowBytes, rows.Bytes - rows.RowBytes, content.Length }.Index())
            BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8 * (i + 1)), length);
        Append(footer);
        file.Stream.Write(hash.GetCurrentHash());
        file.Commit();

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.Append(bytes);
            file.Stream.Write(bytes);
        }
    }

    /// <summary>Opens a file that was written before; returns null when there is none, or it is not whole.</summary>
    public static (RowStore Rows, StoredRemarks Remarks)? Open(string path)
    {
        if (!File.Exists(path)) return null;
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            if (Read(file) is { } stored) return stored;
        }
        catch (JsonException)
        {
            // Another version, whose totals are others, has written it.
        }
        file.Dispose();
        return null;
    }

    static (RowStore, StoredRemarks)? Read(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        if (length < FooterBytes) return null;
        var footer = new byte[FooterBytes];
        file.ReadAll(footer, length - FooterBytes);
        var lengths = Enumerable.Range(1, 3).Select(i => BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(8 * i))).ToArray();
        var isWhole = BinaryPrimitives.ReadUInt64LittleEndian(footer) == Mark && lengths.All(part => part >= 0 && part <= length)
            && lengths.Sum() + FooterBytes == length
            && Hash(file, length - HashBytes).AsSpan().SequenceEqual(footer.AsSpan(FooterBytes - HashBytes));
        if (!isWhole) return null;
        var json = new byte[lengths[2]];
        file.ReadAll(json, lengths[0] + lengths[1]);
        if (JsonSerializer.Deserialize<Content>(json) is not { Totals: { } totals, Remarks: { } remarks }) return null;
        if (totals.Count < 0 || lengths[1] != (totals.Count + 1L) * sizeof(long)) return null;
        return (new(file, lengths[0], totals), remarks);
    }

    static byte[] Hash(SafeFileHandle file, long length)
    {
        var hash = new XxHash128();
        file.ReadParts(length, hash.Append);
        return hash.GetCurrentHash();
    }
}
