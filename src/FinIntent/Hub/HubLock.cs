namespace FinIntent.Hub;

/// <summary>
/// A lock file as Python's filelock takes it: flock on Linux and macOS, no sharing on Windows, so that this program and Python's do not fetch the same file at
/// the same time. It ends with the process that holds it.
/// </summary>
sealed class HubLock : IDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), Patience = TimeSpan.FromSeconds(10);

    readonly FileStream _file;

    HubLock(FileStream file) => _file = file;

    /// <param name="tell">Told when another process holds it for long.</param>
    public static async Task<HubLock> Take(string path, Action<string> tell, TimeProvider time, CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var start = time.GetTimestamp();
        for (var isTold = false; ;)
        {
            if (TryTake(path) is { } taken) return taken;
            if (!isTold && time.GetElapsedTime(start) > Patience)
            {
                tell($"another process fetches the same file; waiting for it ({path})");
                isTold = true;
            }
            await Task.Delay(Pause, time, stop);
        }
    }

    static HubLock? TryTake(string path)
    {
        FileStream file;
        try
        {
            file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (IsHeld(e.HResult))
        {
            return null;
        }
        if (File.Exists(path)) return new(file);
        // Some versions of filelock remove the file they let go of; then this lock is on one that nobody else will find.
        file.Dispose();
        return null;
    }

    /// <summary>EAGAIN of Linux and of macOS; a sharing or lock violation of Windows. All else, such as a full disk, would not end by waiting.</summary>
    internal static bool IsHeld(int result) => OperatingSystem.IsWindows() ? (result & 0xFFFF) is 0x20 or 0x21 : result == (OperatingSystem.IsMacOS() ? 35 : 11);

    public void Dispose() => _file.Dispose();
}
