namespace FinIntent.Hub;

/// <summary>What a download uses of its surroundings.</summary>
/// <param name="Tell">Told what a user should read once.</param>
sealed record HubContext(Action<string> Tell)
{
    public IProgress<DownloadReport>? Progress { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Bytes free for a folder that is there.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Makes a symbolic link at the first path to the second.</summary>
    public Action<string, string> Link { get; init; } = (path, target) => File.CreateSymbolicLink(path, target);
}

/// <summary>How far a download is.</summary>
/// <param name="BytesPerSecond">Lately; 0: not known yet.</param>
sealed record DownloadReport(string Name, long Bytes, long TotalBytes, int Files, int TotalFiles, double BytesPerSecond)
{
    public TimeSpan? Remaining => BytesPerSecond > 0 ? TimeSpan.FromSeconds((TotalBytes - Bytes) / BytesPerSecond) : null;
}

/// <summary>Counts what comes in and reports it a few times a second.</summary>
sealed class DownloadMeter(string name, IProgress<DownloadReport>? progress, TimeProvider time)
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.2), Window = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly Queue<(long Time, long Bytes)> _recent = new();
    long _bytes, _total, _fetched, _reported;
    int _files, _totalFiles;

    /// <param name="here">Bytes of it that are here already.</param>
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

    /// <summary>What was counted and is thrown away.</summary>
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
