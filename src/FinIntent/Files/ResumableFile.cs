namespace FinIntent.Files;

/// <summary>A file of lines that grows; a later run goes on with it, also after a crash.</summary>
/// <remarks>FILE.run.json beside it says with what settings it was made: a run with other ones is refused.</remarks>
sealed class ResumableFile : IDisposable
{
    readonly FileStream _stream;

    ResumableFile(FileStream stream, IReadOnlyList<string> lines) => (_stream, Lines) = (stream, lines);

    /// <summary>What earlier runs wrote; a last line that a crash cut short is gone, since nothing has followed from it.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <param name="run">Everything the lines depend on; a key that is null is the same as none.</param>
    /// <param name="overwrite">Start anew.</param>
    /// <exception cref="UserErrorException">Another run is using the file, or it was made with other settings.</exception>
    public static ResumableFile Open(string path, JsonObject run, bool overwrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var stream = Lock(path);
        try
        {
            if (overwrite) stream.SetLength(0);
            if (stream.Length > 0) CheckSameRun(path, run);
            JsonFile.Write(RunFileOf(path), run, FormatVersion.ResumableRun);
            return new(stream, ReadAndCut(stream));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Appends lines, which are on disk when this returns: waiting once is much faster than line by line.</summary>
    public void Append(IEnumerable<string> lines)
    {
        foreach (var line in lines) _stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _stream.Flush(flushToDisk: true);
    }

    public void Dispose() => _stream.Dispose();

    static string RunFileOf(string path) => Path.ChangeExtension(path, ".run.json");

    /// <summary>Refuses lines that a newer version wrote, as the file beside them tells, where there is one.</summary>
    public static void CheckFormat(string path)
    {
        if (File.Exists(RunFileOf(path))) JsonFile.Read(RunFileOf(path), FormatVersion.ResumableRun).Dispose();
    }

    static FileStream Lock(string path)
    {
        return LockFile.TryOpen(path) ?? throw new UserErrorException(
            $"{path}: another run is writing it; wait until that has ended, or name another file",
            new IOException("the lock is held", LockFile.HeldResult));
    }

    static void CheckSameRun(string path, JsonObject run)
    {
        var file = RunFileOf(path);
        if (!File.Exists(file))
            throw new UserErrorException(
                $"{path} exists, but no {file} says how it was made; set overwrite_output_dir: true to start anew");
        using var found = JsonFile.Read(file, FormatVersion.ResumableRun);
        var before = JsonObject.Create(JsonFile.Object(found.RootElement, file))!;
        foreach (var key in run.Select(k => k.Key).Union(before.Select(k => k.Key)).Except([FormatVersion.Key, FormatVersion.WriterKey]))
        {
            if (JsonNode.DeepEquals(before[key], run[key])) continue;
            var (then, now) = (before[key]?.ToJsonString() ?? "unset", run[key]?.ToJsonString() ?? "unset");
            throw new UserErrorException($"{path} was made with {key} {then}, now it is {now}; set it back to go on, " +
                "name another output_dir, or set overwrite_output_dir: true to start anew");
        }
    }

    static string[] ReadAndCut(FileStream stream)
    {
        var bytes = new byte[stream.Length];
        stream.Position = 0;
        stream.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        JsonText.CheckUtf8(bytes.AsSpan(0, end), stream.Name, firstLine: 1);
        stream.SetLength(end);
        stream.Position = end;
        return Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
