using FinIntent.Server.Files;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Audit;

/// <summary>Writes a line for each change of an adapter, and for each attempt by one who may not. Any thread may use it.</summary>
/// <remarks>Lines go to the logger FinIntent.Audit and, if there is one, to a file, each on disk before the call returns. Refusals have at
/// most <see cref="MostRefusals"/> lines a minute, so that nobody without a key can fill the disk; the next line says how many are
/// missing.</remarks>
sealed partial class AuditLog : IDisposable
{
    public const string Category = "FinIntent.Audit";
    public const int MostRefusals = 60;
    static readonly TimeSpan RefusalWindow = TimeSpan.FromMinutes(1);

    readonly ILogger _log;
    readonly TimeProvider _clock;
    readonly string? _path;
    readonly Lock _lock = new();
    FileStream? _file;
    DateTimeOffset _windowStart;
    int _refusals, _unwritten;

    /// <param name="path">The file, which is appended to; null: the logger alone.</param>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public AuditLog(string? path, ILoggerFactory logs, TimeProvider clock)
    {
        (_log, _clock, _path) = (logs.CreateLogger(Category), clock, path);
        if (path is null) return;
        try
        {
            _file = PrivateFile.OpenToAppend(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--audit-log {path}: the file cannot be written: {e.Message}", e);
        }
    }

    public void Write(AuditEntry entry)
    {
        lock (_lock)
        {
            var line = entry.ToJsonLine(_clock.GetUtcNow(), _unwritten);
            _unwritten = 0;
            Line(_log, Encoding.UTF8.GetString(line));
            if (_path is not null) Append([.. line, (byte)'\n']);
        }
    }

    /// <summary>Writes that an attempt was refused, unless there were many within the minute.</summary>
    public void NoteRefused(AuditEntry entry)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            if (now - _windowStart >= RefusalWindow) (_windowStart, _refusals) = (now, 0);
            if (++_refusals > MostRefusals) _unwritten++;
            else Write(entry);
        }
    }

    /// <summary>A line that cannot be written to the file still stands in the log; the file is opened anew for the next one.</summary>
    void Append(byte[] line)
    {
        try
        {
            if (!File.Exists(_path)) _file?.Dispose();
            if (_file is not { CanWrite: true }) _file = PrivateFile.OpenToAppend(_path!);
            _file.Write(line);
            _file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            NotWritten(_log, e, _path!);
        }
    }

    public void Dispose() => _file?.Dispose();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Entry}")]
    static partial void Line(ILogger log, string entry);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path}: the audit line above could not be written to the file")]
    static partial void NotWritten(ILogger log, Exception exception, string path);
}
