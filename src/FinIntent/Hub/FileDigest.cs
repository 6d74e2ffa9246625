using System.Security.Cryptography;

namespace FinIntent.Hub;

enum DigestKind
{
    Sha256,

    /// <summary>git's name of a file's content: SHA-1 of "blob LENGTH\0" and the bytes.</summary>
    GitBlob,
    Md5,
}

/// <summary>Is what the bytes of a file must hash to.</summary>
/// <param name="Hex">The hash in lower case.</param>
sealed record FileDigest(DigestKind Kind, string Hex)
{
    const int BlockBytes = 1 << 20;

    /// <summary>Reads a hub's ETag: SHA-256 of a large file, git's name of a small one; null when it is neither.</summary>
    public static FileDigest? OfETag(string etag)
    {
        if (!etag.All(char.IsAsciiHexDigitLower)) return null;
        return etag.Length switch
        {
            64 => new(DigestKind.Sha256, etag),
            40 => new(DigestKind.GitBlob, etag),
            _ => null,
        };
    }

    public static string Compute(DigestKind kind, string path, CancellationToken stop = default)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        using var hash = Begin(kind, length);
        var buffer = new byte[BlockBytes];
        for (long at = 0; at < length;)
        {
            stop.ThrowIfCancellationRequested();
            var read = RandomAccess.Read(file, buffer, at);
            if (read == 0) break;
            hash.AppendData(buffer, 0, read);
            at += read;
        }
        return End(hash);
    }

    public static IncrementalHash Begin(DigestKind kind, long length)
    {
        var hash = IncrementalHash.CreateHash(kind switch
        {
            DigestKind.Sha256 => HashAlgorithmName.SHA256,
            DigestKind.Md5 => HashAlgorithmName.MD5,
            _ => HashAlgorithmName.SHA1,
        });
        if (kind == DigestKind.GitBlob) hash.AppendData(Encoding.ASCII.GetBytes($"blob {length}\0"));
        return hash;
    }

    public static string End(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    public override string ToString() =>
        $"{Kind switch { DigestKind.Sha256 => "SHA-256", DigestKind.Md5 => "MD5", _ => "git blob" }} {Hex}";
}
