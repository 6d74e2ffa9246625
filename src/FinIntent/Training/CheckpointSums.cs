using System.Security.Cryptography;

namespace FinIntent.Training;

/// <summary>Keeps the SHA-256 of every file of a checkpoint in SHA256SUMS beside them, as `sha256sum -c` reads it, and compares.</summary>
/// <remarks>A checkpoint of an earlier version has no such file and is taken as it is.</remarks>
static class CheckpointSums
{
    public const string File = "SHA256SUMS";

    const int HexDigits = 2 * SHA256.HashSizeInBytes;

    /// <summary>Writes the sums of all files that are in a folder; it is the last file to be written.</summary>
    public static void Write(string folder)
    {
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToArray();
        var sums = new string[files.Length];
        // They were written a moment ago, so they are read from memory; each on a core.
        Parallel.For(0, files.Length, i => sums[i] = SumOf(files[i]));
        System.IO.File.WriteAllText(Path.Combine(folder, File),
            string.Concat(files.Zip(sums, (file, sum) => $"{sum}  {Path.GetFileName(file)}\n")));
    }

    /// <summary>Finds a file that is not what was saved: what is wrong with it, in words. Null: all are as they were.</summary>
    /// <param name="only">The only file to look at; null: all.</param>
    public static string? Damage(string folder, string? only = null)
    {
        var list = Path.Combine(folder, File);
        if (!System.IO.File.Exists(list)) return null;
        List<(string Sum, string Name)> wanted = [];
        foreach (var (i, line) in System.IO.File.ReadLines(list, Encoding.Latin1).Index())
        {
            if (line.Length <= HexDigits + 2 || line[HexDigits..(HexDigits + 2)] != "  " || !line[..HexDigits].All(char.IsAsciiHexDigit)
                || Path.GetFileName(line[(HexDigits + 2)..]) != line[(HexDigits + 2)..])
                return $"{list}:{i + 1}: it is not a line of that file";
            wanted.Add((line[..HexDigits], line[(HexDigits + 2)..]));
        }
        if (only is not null && !wanted.Any(file => file.Name == only)) return $"{list}: it has no line for {only}";
        var damages = new string?[wanted.Count];
        Parallel.For(0, wanted.Count, i =>
        {
            if (only is null || wanted[i].Name == only) damages[i] = DamageOf(Path.Combine(folder, wanted[i].Name), wanted[i].Sum);
        });
        return damages.FirstOrDefault(damage => damage is not null);
    }

    static string? DamageOf(string path, string sum)
    {
        if (!System.IO.File.Exists(path)) return $"{path}: it was saved, and is not there";
        var found = SumOf(path);
        return found == sum ? null
            : $"{path}: its bytes are not those that were saved: SHA-256 {found[..12]}…, {File} has {sum[..12]}…";
    }

    static string SumOf(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
