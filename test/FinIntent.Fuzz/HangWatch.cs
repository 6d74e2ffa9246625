namespace FinIntent.Fuzz;

/// <summary>Ends the process when a file is not read within its limit: a reader without end would keep a campaign for ever.</summary>
sealed class HangWatch : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    readonly Timer _timer;
    long _started = Environment.TickCount64;

    /// <param name="file">The file that is being read, which stays for whoever looks for the cause.</param>
    public HangWatch(string reader, string file) => _timer = new(_ =>
    {
        if (Environment.TickCount64 - Interlocked.Read(ref _started) < Limit.TotalMilliseconds) return;
        Console.Error.WriteLine($"{reader}: a file was not read within {Limit.TotalSeconds} s: {file}");
        Environment.Exit(3);
    }, null, Limit, Limit / 3);

    /// <summary>Says that the next file begins.</summary>
    public void Next() => Interlocked.Exchange(ref _started, Environment.TickCount64);

    public void Dispose() => _timer.Dispose();
}
