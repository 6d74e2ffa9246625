using FinIntent.Data.Tokens;

namespace FinIntent.Preflight;

/// <summary>What a check needs of the machine it runs on.</summary>
/// <param name="Cache">Of encoded rows; null: none is used.</param>
/// <param name="FreeBytes">On the disk of a path, of which the last folders need not be there yet.</param>
sealed record CheckSurroundings(TokenCache? Cache, Func<string, long> FreeBytes)
{
    public static CheckSurroundings Here() => new(TokenCache.OfUser(Environment.GetEnvironmentVariable, TimeProvider.System), FreeOn);

    static long FreeOn(string path)
    {
        for (var folder = Path.GetFullPath(path); ; folder = Path.GetDirectoryName(folder) ?? throw new IOException($"{path} is on no disk"))
            if (Directory.Exists(folder)) return new DriveInfo(folder).AvailableFreeSpace;
    }
}
