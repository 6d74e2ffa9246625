namespace FinIntent.Files;

/// <summary>Is a file or folder that a run writes over time: it says beforehand whether it can be written, and lets one run at a time
/// write it.</summary>
/// <remarks>
/// The lock of a folder that is filled stands in it, as .finintent.lock; that of a file, or of a folder that is replaced as a whole,
/// beside it, as .NAME.lock. It is removed when the run ends, so that no folder is passed on with it, and what a killed run leaves of it
/// locks nothing.
/// </remarks>
sealed class OutputPlace
{
    const string LockInside = ".finintent.lock";

    readonly string _path, _key, _target, _lock;
    readonly Kind _kind;

    enum Kind { FilledFolder, ReplacedFolder, File }

    OutputPlace(string path, string key, Kind kind)
    {
        (_path, _key, _target, _kind) = (path, key, TargetOf(path), kind);
        Folder = kind == Kind.FilledFolder ? _target : Path.GetDirectoryName(_target) ?? _target;
        _lock = kind == Kind.FilledFolder ? Path.Combine(_target, LockInside) : LockBeside(_target);
    }

    /// <summary>The setting that names it.</summary>
    public string Key => _key;

    /// <summary>The folder in which files appear: itself, or the one that the file or the replaced folder stands in.</summary>
    public string Folder { get; }

    /// <summary>A folder that a run adds files to.</summary>
    /// <param name="key">The setting that names it, for messages.</param>
    public static OutputPlace Filled(string folder, string key) => new(folder, key, Kind.FilledFolder);

    /// <summary>A folder that appears as a whole, in place of the one that is there.</summary>
    /// <param name="key">The setting that names it, for messages.</param>
    public static OutputPlace Replaced(string folder, string key) => new(folder, key, Kind.ReplacedFolder);

    /// <summary>A file that grows, or whose run keeps what it has beside it.</summary>
    /// <param name="key">The setting that names it, for messages.</param>
    public static OutputPlace File(string path, string key) => new(path, key, Kind.File);

    /// <summary>Refuses a place that cannot be written, or that another run writes. Nothing is changed.</summary>
    /// <exception cref="UserErrorException">The message names the place, why, and what to do.</exception>
    public void Check()
    {
        CheckWritable();
        if (!LockFile.IsFree(_lock)) throw Taken(null);
    }

    /// <summary>Takes the place for a run, and makes its folder.</summary>
    /// <param name="verb">What the run is, such as train.</param>
    /// <exception cref="UserErrorException">It cannot be written, or another run writes it.</exception>
    public OutputLock Lock(string verb)
    {
        CheckWritable();
        var isMade = !Directory.Exists(Folder);
        Directory.CreateDirectory(Folder);
        var taken = OutputLock.TryTake(_lock, verb, isMade ? Folder : null) ?? throw Taken(verb);
        return taken.OrDispose(() =>
        {
            AtomicFolder.Clean(Folder, _kind == Kind.FilledFolder ? null : Path.GetFileName(_target));
            return taken;
        });
    }

    /// <summary>The bytes of what a killed run left unfinished of a file or a replaced folder, which the next one removes first.</summary>
    public long BytesLeft => AtomicFolder.BytesLeft(Folder, Path.GetFileName(_target));

    /// <summary>Returns the lock of a file or of a replaced folder.</summary>
    internal static string LockBeside(string path) => Path.Combine(Path.GetDirectoryName(path) ?? path, $".{Path.GetFileName(path)}.lock");

    UserErrorException Taken(string? verb)
    {
        var owner = OutputLock.OwnerOf(_lock);
        var isWaiting = verb is null ? "" : $"; no second {verb} is begun";
        return new($"{_key}: {_path} is being written by {owner}{isWaiting}: wait until that has ended, or name another {_key}",
            new IOException("the lock is held", LockFile.HeldResult));
    }

    void CheckWritable()
    {
        CheckLink(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_path)));
        CheckKind();
        if (LockFile.Fault(_lock) is { } fault)
            throw new UserErrorException($"{_key}: {_lock} is {fault}, and no lock that this program made; remove it, " +
                $"or name another {_key}");
        for (var at = Path.GetFullPath(Folder); ; at = Path.GetDirectoryName(at) ?? throw NoDisk())
        {
            if (Directory.Exists(at))
            {
                TryToWrite(at);
                return;
            }
            CheckLink(at);
            if (System.IO.File.Exists(at))
                throw new UserErrorException($"{_key}: {at} is a file, so nothing can be written {(at == Folder ? "in" : "below")} it; " +
                    $"name another {_key}");
        }
    }

    void CheckLink(string path)
    {
        // A link that leads nowhere counts as a file that exists.
        if (!Directory.Exists(path) && new FileInfo(path) is { LinkTarget: { } target } link
            && link.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true })
            throw new UserErrorException($"{_key}: {path} is a link to {target}, which is not there; make that, remove the link, " +
                $"or name another {_key}");
    }

    void CheckKind()
    {
        if (_kind == Kind.File && Directory.Exists(_target))
            throw new UserErrorException($"{_key}: {_path} is a folder; name a file in it");
        if (_kind != Kind.ReplacedFolder) return;
        if (System.IO.File.Exists(_target)) throw new UserErrorException($"{_key}: {_path} is a file; name a folder");
        if (Directory.Exists(_target) && DriveInfo.GetDrives().Any(drive => Path.TrimEndingDirectorySeparator(drive.Name) == _target))
            throw new UserErrorException($"{_key}: {_path} is where a file system is mounted, which cannot be replaced as a whole; " +
                $"name a folder in it, such as {Path.Combine(_path, "model")}");
    }

    UserErrorException NoDisk() => new($"{_key}: {_path} is on no disk of this machine; name another {_key}");

    void TryToWrite(string folder)
    {
        try
        {
            var path = Path.Combine(folder, $".finintent-{Guid.NewGuid():N}.tmp");
            using var probe = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !DiskFull.Is(e))
        {
            var reason = OperatingSystem.IsLinux() && e.HResult == 30 ? "it is on a file system that is mounted read-only"
                : e is UnauthorizedAccessException ? "this user may not write there"
                : e is FileNotFoundException ? "its file system takes no new files" : e.Message;
            throw new UserErrorException($"{_key}: {_path}: no file can be made in {folder}: {reason}; name another {_key}, " +
                "or have the folder made writable", e);
        }
    }

    /// <summary>Returns where a path leads when it is a link, so that what it leads to is written and the link stays one.</summary>
    /// <exception cref="UserErrorException">It is one of links that lead to each other.</exception>
    public static string TargetOf(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        FileSystemInfo entry = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        if (entry.LinkTarget is null) return path;
        try
        {
            return entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target
                ? Path.TrimEndingDirectorySeparator(target.FullName) : path;
        }
        catch (IOException e)
        {
            throw new UserErrorException($"{path} is a link to {entry.LinkTarget}, and from there links lead nowhere; remove it", e);
        }
    }
}
