using System.Security.Cryptography;
using System.Text;

namespace FinIntent.Runtime;

/// <summary>
/// Compiled kernels on disk, a file each, named by what they were made of. A file is its content's SHA-256 and the content: one that was cut or
/// changed is not used. A folder that cannot be written is only a cache less.
/// </summary>
sealed class KernelCache(string folder)
{
    /// <summary>$XDG_CACHE_HOME/finintent/kernels, else ~/.cache/finintent/kernels; on Windows under the user's local application data.</summary>
    public static KernelCache OfUser()
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathRooted(named) ? named
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new(Path.Combine(root, "finintent", "kernels"));
    }

    /// <summary>The name under which code made from <paramref name="source"/> for <paramref name="target"/> by <paramref name="compiler"/> is kept.</summary>
    public static string Key(string source, string target, string compiler) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{compiler}\n{target}\n{source}")));

    /// <summary>What is kept under the key, or else what <paramref name="make"/> gives, which is then kept.</summary>
    public byte[] GetOrAdd(string key, Func<byte[]> make)
    {
        if (Read(key) is { } kept) return kept;
        var made = make();
        Write(key, made);
        return made;
    }

    byte[]? Read(string key)
    {
        try
        {
            var bytes = File.ReadAllBytes(PathOf(key));
            if (bytes.Length <= SHA256.HashSizeInBytes) return null;
            var content = bytes[SHA256.HashSizeInBytes..];
            return SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes)) ? content : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    void Write(string key, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var temporary = PathOf($".{key}.{Environment.ProcessId}.{Guid.NewGuid():N}");
            File.WriteAllBytes(temporary, [.. SHA256.HashData(content), .. content]);
            File.Move(temporary, PathOf(key), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Compiled again next time.
        }
    }

    string PathOf(string key) => Path.Combine(folder, key);
}
