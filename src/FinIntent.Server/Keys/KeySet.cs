using System.Security.Cryptography;
using System.Text.RegularExpressions;
using FinIntent.Files;

namespace FinIntent.Server.Keys;

/// <summary>Is a caller's key, of which only the SHA-256 digest is held.</summary>
/// <param name="Name">What logs and limits call the key: the name that its line gives, else the first 8 hex digits of the digest.</param>
sealed record ApiKey(string Name, byte[] Digest);

/// <summary>Holds the keys of one file. It is immutable.</summary>
/// <remarks> A line is <c>KEY</c> or <c>NAME KEY</c>; a KEY is text of 16 or more visible ASCII characters, or <c>sha256:</c> and the 64
/// hex digits of such a text's digest. Empty lines and lines that begin with # are skipped. Keys of one name belong to one caller, who may
/// hold two while one replaces the other.
/// </remarks>
sealed partial class KeySet
{
    const int LeastLength = 16;
    const string DigestPrefix = "sha256:";

    KeySet(IReadOnlyList<ApiKey> keys) => Keys = keys;

    public IReadOnlyList<ApiKey> Keys { get; }

    /// <exception cref="UserErrorException">The file cannot be read, has no key, or a line is none; no message shows a key.</exception>
    public static KeySet Read(string path)
    {
        return Parse(path, [.. TextFile.Lines(path)]);
    }

    static KeySet Parse(string path, IReadOnlyList<string> lines)
    {
        List<ApiKey> keys = [];
        Dictionary<string, int> seen = [];
        foreach (var (i, line) in lines.Index())
        {
            var trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed.StartsWith('#')) continue;
            var key = ParseLine($"{path}:{i + 1}", trimmed);
            if (!seen.TryAdd(Convert.ToHexString(key.Digest), i + 1))
                throw new UserErrorException(
                    $"{path}:{i + 1}: the key stands in line {seen[Convert.ToHexString(key.Digest)]}, too; remove one of the lines");
            keys.Add(key);
        }
        return keys.Count > 0 ? new(keys)
            : throw new UserErrorException($"{path}: there is no key in it; write one a line, e.g. what `openssl rand -hex 32` prints");
    }

    static ApiKey ParseLine(string place, string line)
    {
        var parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 2)
            throw new UserErrorException(
                $"{place}: {parts.Length} words; a line is KEY or NAME KEY, and a remark has a line of its own with #");
        if (parts.Length == 2 && !NamePattern().IsMatch(parts[0]))
            throw new UserErrorException($"{place}: a line is KEY or NAME KEY, and the NAME has 1 to 64 letters, digits and . _ -");
        var digest = DigestOf(place, parts[^1]);
        return new(parts.Length == 2 ? parts[0] : Convert.ToHexStringLower(digest)[..8], digest);
    }

    static byte[] DigestOf(string place, string key)
    {
        if (key.StartsWith(DigestPrefix, StringComparison.Ordinal))
        {
            var hex = key[DigestPrefix.Length..];
            return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : throw new UserErrorException(
                $"{place}: sha256: is followed by {hex.Length} characters; a digest is 64 hex digits, as `printf %s KEY | sha256sum` " +
                $"prints");
        }
        if (key.Length < LeastLength)
            throw new UserErrorException($"{place}: the key has {key.Length} characters; {LeastLength} or more are needed, " +
                "such as `openssl rand -hex 32` prints (a line is KEY or NAME KEY)");
        return key.All(c => c is > ' ' and <= '~') ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : throw new UserErrorException(
            $"{place}: the key has characters that are not visible ASCII, which not every client can send in a header");
    }

    /// <summary>Finds the key that a caller presents. The time that it takes does not tell which one, or how much of one, was
    /// right.</summary>
    public ApiKey? Find(string presented)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(presented), digest);
        ApiKey? found = null;
        foreach (var key in Keys)
            if (CryptographicOperations.FixedTimeEquals(key.Digest, digest)) found = key; // and on to the last one
        return found;
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex NamePattern();
}
