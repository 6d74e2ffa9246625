namespace FinIntent.Data.Tokens;

/// <summary>Keeps encoded rows on disk, one file a set, named by what made them. A folder that cannot be written is no fault.</summary>
/// <remarks>Many processes may use a folder: files appear whole, are checked when opened, and may go while they are read.</remarks>
/// <param name="clock">Tells the time at which a file was last used.</param>
sealed class TokenCache(string folder, TimeProvider clock)
{
    const string Variable = "FININTENT_CACHE", Suffix = ".rows";

    static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    /// <summary>Sets whose files have fewer bytes are encoded each time, since that takes only a few tenths of a second.</summary>
    public long SmallestSource { get; init; } = 2 << 20;

    /// <summary>When the folder has more bytes, the files that were not used for longest go.</summary>
    public long MostBytes { get; init; } = 20L << 30;

    /// <summary>This many bytes are left on the disk for others.</summary>
    public long FreeBytes { get; init; } = 2L << 30;

    /// <summary>Opens $FININTENT_CACHE/tokens, else finintent/tokens in $XDG_CACHE_HOME or ~/.cache; null when it is "off".</summary>
    /// <remarks>On Windows the folder is under the user's local application data.</remarks>
    public static TokenCache? OfUser(Func<string, string?> environment, TimeProvider clock)
    {
        if (environment(Variable) is { Length: > 0 } named)
            return named.Equals("off", StringComparison.OrdinalIgnoreCase) ? null : new(Path.Combine(named, "tokens"), clock);
        var root = environment("XDG_CACHE_HOME") is { Length: > 0 } given && Path.IsPathRooted(given) ? given
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new(Path.Combine(root, "finintent", "tokens"), clock);
    }

    public string PathOf(string key) => Path.Combine(folder, key + Suffix);

    /// <summary>Opens kept rows; returns null when they are not there, or damaged.</summary>
    public (RowStore Rows, StoredRemarks Remarks)? Find(string key)
    {
        try
        {
            var stored = StoredRows.Open(PathOf(key));
            if (stored is not null) File.SetLastWriteTimeUtc(PathOf(key), clock.GetUtcNow().UtcDateTime);
            return stored;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Keep(string key, RowStore rows, StoredRemarks remarks)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (rows.Bytes > MostBytes || rows.Bytes + FreeBytes > new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace) return;
            StoredRows.Write(PathOf(key), rows, remarks);
            File.SetLastWriteTimeUtc(PathOf(key), clock.GetUtcNow().UtcDateTime);
            Prune();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The rows are encoded again next time.
        }
    }

    void Prune()
    {
        var files = new DirectoryInfo(folder).GetFiles("*" + Suffix).OrderByDescending(file => file.LastWriteTimeUtc).ToList();
        var bytes = 0L;
        foreach (var file in files)
            if ((bytes += file.Length) > MostBytes) file.Delete();
        foreach (var left in new DirectoryInfo(folder).GetFiles(".*.tmp"))
            if (clock.GetUtcNow().UtcDateTime - left.LastWriteTimeUtc > Abandoned) left.Delete();
    }
}
