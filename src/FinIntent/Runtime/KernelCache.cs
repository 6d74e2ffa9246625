using System.Security.Cryptography;

namespace FinIntent.Runtime;

/// <summary>Keeps compiled kernels on disk, one file each, named by what made them. A folder that cannot be written is no fault.</summary>
/// <remarks>A file is its content's SHA-256 and then the content; a file that was cut or changed is not used.</remarks>
sealed class KernelCache(string folder)
{
    /// <summary>Opens finintent/kernels in $XDG_CACHE_HOME, else ~/.cache; on Windows in the local application data.</summary>
    public static KernelCache OfUser()
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathRooted(named) ? named
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new(Path.Combine(root, "finintent", "kernels"));
    }

    /// <summary>Returns the name under which the compiler's code for the target from this source is kept.</summary>
    public static string Key(string source, string target, string compiler) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{compiler}\n{target}\n{source}")));

    /// <summary>Returns what is kept under the key, or else keeps and returns what <paramref name="make"/> gives.</summary>
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
            // It is compiled again next time.
        }
    }

    string PathOf(string key) => Path.Combine(folder, key);
}
