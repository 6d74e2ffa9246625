namespace FinIntent.Hub;

/// <summary>Is a lock file as Python's filelock takes it, so that Python and this program do not fetch one file at once.</summary>
/// <remarks>It is flock on Linux and macOS, no sharing on Windows; it ends with the process that holds it.</remarks>
sealed class HubLock : IDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), Patience = TimeSpan.FromSeconds(10);

    readonly FileStream _file;

    HubLock(FileStream file) => _file = file;

    /// <param name="tell">Is told when another process holds the lock for long.</param>
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
        // Some versions of filelock remove the file that they let go of; then nobody else will find the file of this lock.
        file.Dispose();
        return null;
    }

    /// <summary>Says whether waiting helps: EAGAIN of Linux and macOS, a sharing or lock violation of Windows, not a full disk.</summary>
    internal static bool IsHeld(int result) =>
        OperatingSystem.IsWindows() ? (result & 0xFFFF) is 0x20 or 0x21 : result == (OperatingSystem.IsMacOS() ? 35 : 11);

    public void Dispose() => _file.Dispose();
}
