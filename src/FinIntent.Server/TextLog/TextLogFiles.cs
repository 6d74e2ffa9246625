using FinIntent.Server.Files;

namespace FinIntent.Server.TextLog;

/// <summary>The text log's files: one a UTC day, of which the old ones are deleted. One thread uses it.</summary>
sealed class TextLogFiles : IDisposable
{
    const string DayFormat = "yyyy-MM-dd", FolderStem = "texts", FolderEnding = ".jsonl";

    readonly string _folder, _stem, _ending;
    readonly int _days;
    readonly FileStream _lock;
    FileStream? _file;
    DateOnly _day;

    /// <summary>Makes the folder and holds it for this process alone.</summary>
    /// <exception cref="UserErrorException">The folder cannot be written, or another server writes there.</exception>
    public TextLogFiles(TextLogOptions options)
    {
        var path = Path.GetFullPath(options.Path);
        var isFolder = Directory.Exists(path) || Path.EndsInDirectorySeparator(path) || !Path.HasExtension(path);
        (_folder, _stem, _ending) = isFolder ? (Path.TrimEndingDirectorySeparator(path), FolderStem, FolderEnding)
            : (Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
        _days = options.Days;
        try
        {
            PrivateFile.CreateFolder(_folder);
            _lock = PrivateFile.OpenAlone(Path.Combine(_folder, $".{_stem}.lock"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"--log-text {options.Path}: it cannot be written, or another server writes there: {e.Message}", e);
        }
    }

    public string PathOf(DateOnly day) => Path.Combine(_folder,
        $"{_stem}-{day.ToString(DayFormat, CultureInfo.InvariantCulture)}{_ending}");

    /// <summary>Brings lines to the file of a day, which the operating system then holds.</summary>
    /// <exception cref="IOException">They may be there in part; the next call cuts that off.</exception>
    public void Append(DateOnly day, ReadOnlySpan<byte> lines)
    {
        try
        {
            if (_file is not null && (day != _day || !File.Exists(_file.Name))) Close(); // removed or renamed while it is open
            _file ??= PrivateFile.OpenToAppend(PathOf(day)); // makes no folder: one that has gone may be a disk that is not mounted
            _day = day;
            _file.Write(lines);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>Deletes the files of days before those that are kept, and nothing else.</summary>
    public void DeleteOld(DateOnly today)
    {
        if (!Directory.Exists(_folder)) return;
        foreach (var file in Directory.EnumerateFiles(_folder, $"{_stem}-*{_ending}"))
            if (DayOf(Path.GetFileName(file)) is { } day && day <= today.AddDays(-_days)) File.Delete(file);
    }

    DateOnly? DayOf(string name)
    {
        var length = name.Length - _stem.Length - _ending.Length - 1;
        return length == DayFormat.Length && DateOnly.TryParseExact(name.AsSpan(_stem.Length + 1, length), DayFormat,
            CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
    }

    void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // What was to be written is counted as lost by the caller already.
        }
        _file = null;
    }

    public void Dispose()
    {
        Close();
        _lock.Dispose();
    }
}
