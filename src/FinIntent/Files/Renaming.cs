namespace FinIntent.Files;

/// <summary>Puts a file or folder that is ready into its place. Everything that this program writes appears in this way.</summary>
/// <remarks>
/// Windows refuses to rename over a file, or to rename a folder, that any program has open: a virus scanner or an indexer has it so for a
/// moment, an editor for longer. So it is tried again for a while there. Other systems rename at once.
/// </remarks>
static class Renaming
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), Patience = TimeSpan.FromSeconds(5);

    /// <summary>Renames a file over one that may be there.</summary>
    /// <exception cref="UserErrorException">Another program keeps the old one open.</exception>
    public static void File(string from, string to) => Persist(to, () => System.IO.File.Move(from, to, overwrite: true));

    /// <summary>Renames a folder to a name that nothing has.</summary>
    /// <exception cref="UserErrorException">Another program keeps one of its files open.</exception>
    public static void Folder(string from, string to) => Persist(from, () => Directory.Move(from, to));

    static void Persist(string held, Action rename) =>
        Persist(held, rename, OperatingSystem.IsWindows(), Patience, Thread.Sleep);

    internal static void Persist(string held, Action rename, bool mayBeHeld, TimeSpan patience, Action<TimeSpan> wait)
    {
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                rename();
                return;
            }
            catch (Exception e) when (mayBeHeld && IsHeld(e))
            {
                if (waited >= patience)
                    throw new UserErrorException($"{held}: another program has it open; close it there, and run the same command again", e);
                wait(Pause);
            }
        }
    }

    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION of winerror.h.
    internal static bool IsHeld(Exception e) =>
        e is IOException or UnauthorizedAccessException && (e.HResult & 0xFFFF) is 0x05 or 0x20 or 0x21;
}
