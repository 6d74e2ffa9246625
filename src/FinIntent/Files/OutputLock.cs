namespace FinIntent.Files;

/// <summary>Is held by the run that writes a place; the system lets go of it when the process ends, however it ends.</summary>
sealed partial class OutputLock : IDisposable
{
    // A check, or a run that has just ended, may have it for a moment.
    const int Attempts = 10;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30), ClockStep = TimeSpan.FromSeconds(5);

    readonly FileStream _file;
    readonly string _owner;
    readonly string? _made;

    OutputLock(FileStream file, string owner, string? made) => (_file, _owner, _made) = (file, owner, made);

    /// <param name="made">A folder that was made for the lock, and goes with it when it is empty then.</param>
    /// <returns>Null when another run has it.</returns>
    internal static OutputLock? TryTake(string path, string verb, string? made)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var owner = $"finintent {verb} (process {Environment.ProcessId} on {Environment.MachineName}, since {DateTime.UtcNow:u}) " +
                $"{Guid.NewGuid():N}";
            if (TryOnce(path, owner) is { } file) return new(file, owner, made);
            Thread.Sleep(Pause);
        }
        return null;
    }

    static FileStream? TryOnce(string path, string owner)
    {
        var before = LockFile.Read(path);
        // Windows removes the file with its last handle, also that of a killed process.
        var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
        if (Open(path, options) is not { } file) return null;
        var isOurs = false;
        try
        {
            if (LockFile.Fault(path) is not null) return null; // put there since it was looked at
            if (LockFile.IsFree(path) && IsAlive(before)) return null; // it holds nobody off: this file system has no locks
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(owner));
            // Its last holder may have removed the file after we opened it; then what stands there is another one, or none.
            isOurs = LockFile.Read(path) == owner;
            return isOurs ? file : null;
        }
        finally
        {
            if (!isOurs) file.Dispose();
        }
    }

    static FileStream? Open(string path, FileOptions options)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return LockFile.TryOpen(path, FileMode.OpenOrCreate, options);
        }
        catch (DirectoryNotFoundException)
        {
            return null; // a run that has just ended has removed its empty folder
        }
    }

    /// <summary>Says who has a lock, in words that were written by any program and are made harmless here.</summary>
    internal static string OwnerOf(string path)
    {
        var match = Owner().Match(LockFile.Read(path) ?? "");
        return match.Success ? match.Groups["words"].Value : "another process";
    }

    /// <summary>Says whether this process has a lock.</summary>
    internal static bool IsThisProcess(string path) =>
        Owner().Match(LockFile.Read(path) ?? "") is { Success: true } match && match.Groups["host"].Value == Environment.MachineName
        && match.Groups["process"].Value == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Where the file system has no locks: says whether the process that wrote the file still runs on this machine.</summary>
    static bool IsAlive(string? content)
    {
        var match = Owner().Match(content ?? "");
        if (!match.Success || match.Groups["host"].Value != Environment.MachineName) return false;
        try
        {
            using var process = Process.GetProcessById(int.Parse(match.Groups["process"].Value, CultureInfo.InvariantCulture));
            var since = DateTime.Parse(match.Groups["since"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            return process.StartTime.ToUniversalTime() <= since + ClockStep; // else the number is another process's now
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        // Before the lock is let go of: whoever opened the file meanwhile finds it gone, and takes a new one.
        if (!OperatingSystem.IsWindows() && LockFile.Read(_file.Name) == _owner) File.Delete(_file.Name);
        _file.Dispose();
        if (_made is null) return;
        try
        {
            if (!Directory.EnumerateFileSystemEntries(_made).Any()) Directory.Delete(_made);
        }
        catch (IOException)
        {
            // Another run has come to it.
        }
    }

    [GeneratedRegex(@"^(?<words>finintent [a-z ]+ \(process (?<process>\d+) on (?<host>[\w.-]+), since (?<since>[\d: Z-]+)\))")]
    private static partial Regex Owner();
}
