namespace FinIntent.Hub;

/// <summary>Holds what a download uses of its surroundings.</summary>
/// <param name="Tell">Is told what a user should read once.</param>
sealed record HubContext(Action<string> Tell)
{
    public IProgress<DownloadReport>? Progress { get; init; }

    /// <summary>This ends a download before its end; what has come is kept.</summary>
    public CancellationToken Stop { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Returns the free bytes of a folder that exists.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Makes a symbolic link at the first path to the second.</summary>
    public Action<string, string> Link { get; init; } = (path, target) => File.CreateSymbolicLink(path, target);
}

/// <summary>Says how far a download is.</summary>
/// <param name="BytesPerSecond">The recent speed; 0 while it is not known yet.</param>
sealed record DownloadReport(string Name, long Bytes, long TotalBytes, int Files, int TotalFiles, double BytesPerSecond)
{
    public TimeSpan? Remaining => BytesPerSecond > 0 ? TimeSpan.FromSeconds((TotalBytes - Bytes) / BytesPerSecond) : null;
}

/// <summary>Counts the bytes that come in, and reports them a few times a second. Any thread may call it.</summary>
sealed class DownloadMeter(string name, IProgress<DownloadReport>? progress, TimeProvider time)
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.2), Window = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly Queue<(long Time, long Bytes)> _recent = new();
    long _bytes, _total, _fetched, _reported;
    int _files, _totalFiles;

    /// <param name="here">The bytes that are here already.</param>
    public void Expect(int files, long bytes, long here)
    {
        lock (_lock) (_totalFiles, _total, _bytes) = (_totalFiles + files, _total + bytes, _bytes + here);
        Report(isLast: false);
    }

    public void Add(long bytes)
    {
        lock (_lock) (_bytes, _fetched) = (_bytes + bytes, _fetched + bytes);
        Report(isLast: false);
    }

    /// <summary>Takes back bytes that were counted and are thrown away.</summary>
    public void Lose(long bytes)
    {
        lock (_lock) _bytes -= bytes;
    }

    public void FileDone()
    {
        lock (_lock) _files++;
        Report(isLast: _files == _totalFiles);
    }

    void Report(bool isLast)
    {
        if (progress is null) return;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (!isLast && _reported != 0 && time.GetElapsedTime(_reported, now) < Interval) return;
            _reported = now;
            _recent.Enqueue((now, _fetched));
            while (_recent.Count > 2 && time.GetElapsedTime(_recent.Peek().Time, now) > Window) _recent.Dequeue();
            var (since, before) = _recent.Peek();
            var seconds = time.GetElapsedTime(since, now).TotalSeconds;
            progress.Report(new(name, _bytes, _total, _files, _totalFiles, seconds > 0 ? (_fetched - before) / seconds : 0));
        }
    }
}
