using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Server.Keys;

/// <summary>Holds the keys of a file and reads it again when it changes. Any thread may use it.</summary>
/// <remarks>A changed file that is wrong leaves the keys as they were and is logged as an error. The file is looked at each second, by its
/// time and length as the opened file says them, so that a link to another file counts as a change (as Kubernetes changes
/// secrets).</remarks>
sealed partial class KeyFile : IDisposable
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly string _path;
    readonly ILogger _log;
    readonly Action<KeySet>? _check;
    readonly Lock _reading = new();
    ITimer? _timer;
    volatile KeySet _keys;
    (DateTime Time, long Length)? _seen;
    string? _lastError;

    /// <param name="check">Refuses keys that do not go with others, by a <see cref="UserErrorException"/>; null refuses none.</param>
    /// <exception cref="UserErrorException">The file is wrong now.</exception>
    public KeyFile(string path, ILogger log, Action<KeySet>? check = null)
    {
        (_path, _log, _check) = (path, log, check);
        _seen = Seen(path);
        _keys = KeySet.Read(path);
        check?.Invoke(_keys);
        WarnWhereOthersCanRead();
    }

    public KeySet Keys => _keys;

    /// <summary>Begins to look at the file each second.</summary>
    public void Watch(TimeProvider clock) => _timer ??= clock.CreateTimer(_ => Look(), null, Interval, Interval);

    /// <summary>Reads the file again if it has changed.</summary>
    public void Look()
    {
        if (!_reading.TryEnter()) return;
        try
        {
            var seen = Seen(_path);
            // A wrong file is read again and again: what it does not go with may be in the other key file, and mended there.
            if (seen == _seen && _lastError is null) return;
            _seen = seen;
            Read();
        }
        finally
        {
            _reading.Exit();
        }
    }

    void Read()
    {
        try
        {
            var keys = KeySet.Read(_path);
            _check?.Invoke(keys);
            _keys = keys;
            _lastError = null;
            Reloaded(_log, _path, keys.Keys.Count);
            WarnWhereOthersCanRead();
        }
        catch (UserErrorException e)
        {
            if (e.Message != _lastError) NotReloaded(_log, e.Message);
            _lastError = e.Message;
        }
    }

    static (DateTime, long)? Seen(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return (File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    void WarnWhereOthersCanRead()
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        try
        {
            using var file = File.OpenHandle(_path); // a link's own mode says nothing
            var mode = File.GetUnixFileMode(file);
            if ((mode & others) != 0) OpenToOthers(_log, _path, Convert.ToString((int)mode, 8));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just gone or is being replaced; the next look tells what came of it.
        }
    }

    public void Dispose() => _timer?.Dispose();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path}: read again, {Count} key(s)")]
    static partial void Reloaded(ILogger log, string path, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The key file has changed and is wrong, so the keys stay as they were: {Error}")]
    static partial void NotReloaded(ILogger log, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "{Path}: other users of this machine can read or write the keys (mode {Mode}); chmod 600 it")]
    static partial void OpenToOthers(ILogger log, string path, string mode);
}
