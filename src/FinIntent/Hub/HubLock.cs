using FinIntent.Files;

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
        if (LockFile.TryOpen(path) is not { } file) return null;
        if (File.Exists(path)) return new(file);
        // Some versions of filelock remove the file that they let go of; then nobody else will find the file of this lock.
        file.Dispose();
        return null;
    }

    public void Dispose() => _file.Dispose();
}
