using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;

namespace FinIntent.Server.Load;

/// <summary>Runs `finintent serve` as a process of its own, so that what is measured is the very program that users start.</summary>
sealed partial class ServerProcess : IAsyncDisposable
{
    const int Sigterm = 15, LinesTold = 10;

    static readonly TimeSpan LoadTime = TimeSpan.FromMinutes(10), DrainTime = TimeSpan.FromSeconds(60);

    readonly Process _process;
    readonly Queue<string> _lines = [];

    ServerProcess(Process process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }
    public int Id => _process.Id;

    /// <summary>The processor time that the server has taken.</summary>
    public TimeSpan Processor
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The server's resident memory in bytes.</summary>
    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts the server on a free port of this machine and waits until it is ready.</summary>
    /// <param name="arguments">What stands behind `finintent serve`; the port is added.</param>
    /// <exception cref="UserErrorException">It ended before it was ready; the message has what it said last.</exception>
    public static async Task<ServerProcess> Start(IEnumerable<string> arguments, CancellationToken stop)
    {
        var port = FreePort();
        var (file, first) = Program();
        var start = new ProcessStartInfo(file, [.. first, "serve", .. arguments, "--port", port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var server = new ServerProcess(Process.Start(start)!, new($"http://127.0.0.1:{port}"));
        try
        {
            server.Listen();
            await server.WaitUntilReady(stop);
            return server;
        }
        catch
        {
            server._process.Kill(entireProcessTree: true);
            server._process.Dispose();
            throw;
        }
    }

    /// <summary>The program itself where it runs, or the one beside a test.</summary>
    static (string File, string[] First) Program()
    {
        var path = Environment.ProcessPath!;
        if (Path.GetFileNameWithoutExtension(path) == "dotnet") return (path, [Assembly.GetEntryAssembly()!.Location]);
        return (Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "finintent.exe" : "finintent"), []);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Reads what the server says, so that it never waits for a reader, and keeps the last lines for messages.</summary>
    void Listen()
    {
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Keep(object sender, DataReceivedEventArgs received)
        {
            if (received.Data is not { } line) return;
            lock (_lines)
            {
                _lines.Enqueue(line);
                if (_lines.Count > LinesTold) _lines.Dequeue();
            }
        }
    }

    public string LastLines
    {
        get
        {
            lock (_lines) return string.Join(Environment.NewLine, _lines);
        }
    }

    async Task WaitUntilReady(CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < LoadTime)
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(stop); // until its last words are read
                throw new UserErrorException($"finintent serve ended before it was ready:{Environment.NewLine}{LastLines}");
            }
            try
            {
                using var answer = await http.GetAsync(new Uri(Url, "/health/ready"), stop);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            await Task.Delay(50, stop);
        }
        throw new UserErrorException(
            $"finintent serve was not ready after {LoadTime.TotalMinutes} minutes:{Environment.NewLine}{LastLines}");
    }

    /// <summary>Asks the server to end, as an operating system does, and returns its exit code.</summary>
    public async Task<int> Stop()
    {
        if (!_process.HasExited) Terminate();
        using var limit = new CancellationTokenSource(DrainTime);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks the server to end and does not wait.</summary>
    public void Terminate()
    {
        if (OperatingSystem.IsWindows()) _process.Kill();
        else if (Kill(_process.Id, Sigterm) != 0 && !_process.HasExited) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Stop();
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
