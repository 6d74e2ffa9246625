using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>A real Prometheus on loopback with the files of deploy/prometheus, which are made faster: it asks and reckons each second.
/// </summary>
sealed class PrometheusServer : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    readonly Process _process;
    readonly HttpClient _client;

    PrometheusServer(Process process, HttpClient client) => (_process, _client) = (process, client);

    public static bool IsHere => Find("prometheus") is not null && Find("promtool") is not null;

    /// <summary>Starts it, once it has taken in a week's history.</summary>
    /// <param name="target">The server that it scrapes as job "finintent".</param>
    /// <param name="history">OpenMetrics text.</param>
    public static async Task<PrometheusServer> Start(TemporaryFolder folder, Uri target, string history)
    {
        foreach (var file in (string[])["prometheus.yml", "rules.yml", "alerts.yml"])
        {
            var text = await File.ReadAllTextAsync(Path.Combine(PrometheusFiles.Folder, file));
            await File.WriteAllTextAsync(folder[file], text.Replace("localhost:8080", target.Authority)
                .Replace("interval: 15s", "interval: 1s").Replace("interval: 5m", "interval: 1s"));
        }
        await File.WriteAllTextAsync(folder["history.txt"], history);
        await Promtool("", "tsdb", "create-blocks-from", "openmetrics", folder["history.txt"], folder["data"]);
        var port = FreePort();
        var process = Begin("prometheus", $"--config.file={folder["prometheus.yml"]}", $"--storage.tsdb.path={folder["data"]}",
            $"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=15d", "--log.level=error");
        PrometheusServer server = new(process, new() { BaseAddress = new($"http://127.0.0.1:{port}") });
        var start = Stopwatch.StartNew();
        while (!await server.IsReady())
        {
            Assert.True(start.Elapsed < Limit && !process.HasExited, "Prometheus does not start");
            await Task.Delay(100);
        }
        return server;
    }

    /// <summary>Returns how many series a query has now.</summary>
    public async Task<int> Count(string query) =>
        (await Get($"/api/v1/query?query={Uri.EscapeDataString(query)}"))["result"]!.AsArray().Count;

    /// <summary>Returns the rules' names with what is wrong with them.</summary>
    public async Task<IReadOnlyList<string>> RuleErrors() =>
    [
        .. from @group in (await Get("/api/v1/rules"))["groups"]!.AsArray()
           from rule in @group!["rules"]!.AsArray()
           where rule!["health"]!.GetValue<string>() != "ok"
           select $"{rule["name"]}: {rule["health"]} {rule["lastError"]}",
    ];

    async Task<JsonNode> Get(string path)
    {
        using var answer = await _client.GetAsync(path);
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.True(json["status"]!.GetValue<string>() == "success", $"{path}: {json}");
        return json["data"]!;
    }

    async Task<bool> IsReady()
    {
        try
        {
            using var answer = await _client.GetAsync("/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Runs promtool and asserts that it is content.</summary>
    public static async Task<string> Promtool(string input, params string[] arguments)
    {
        using var process = Begin("promtool", arguments);
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(8));
        var text = string.Join("\n", await output);
        Assert.True(process.ExitCode == 0, $"promtool {string.Join(' ', arguments)}: {process.ExitCode}\n{text}");
        return text;
    }

    static Process Begin(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(Find(program)!, arguments)
        {
            RedirectStandardInput = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        // Prometheus' own output is few lines, and nobody reads it.
        start.RedirectStandardOutput = start.RedirectStandardError = program == "promtool";
        return Process.Start(start)!;
    }

    static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
    }

    /// <summary>Writes what the drift's rules would have recorded in the eight days before, a value each five minutes.</summary>
    /// <param name="series">Recorded series and their value.</param>
    public static string History(DateTimeOffset now, IEnumerable<(string Series, double Value)> series)
    {
        StringBuilder text = new();
        foreach (var (name, value) in series)
            for (var at = now.AddDays(-8.5); at < now.AddMinutes(-5); at = at.AddMinutes(5))
                text.Append(CultureInfo.InvariantCulture, $"{name} {value} {at.ToUnixTimeSeconds()}\n");
        return text.Append("# EOF\n").ToString();
    }
}
