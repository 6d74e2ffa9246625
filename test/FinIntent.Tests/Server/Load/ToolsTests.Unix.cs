using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using FinIntent.Server.Load;
using FinIntent.Tests.Classification;
using FinIntent.Tests.Deploy;
using Xunit;

namespace FinIntent.Tests.Server.Load;

/// <summary>The server under load of tools that nobody here wrote, and behind nginx. They need Debian's wrk, hey and nginx, and npm's
/// autocannon on the PATH.</summary>
public sealed partial class ToolsTests : IDisposable
{
    const string Body = """{"input":"茅台还能买吗"}""";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static Task<ServerProcess> StartServer(params string[] flags) => ServerProcess.Start(["--model", EmbeddedClassifier.Model,
        $"intent_schema={EmbeddedClassifier.Schema}", "template=default", .. flags], Stop);

    [Theory(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    [InlineData("wrk")]
    [InlineData("hey")]
    [InlineData("autocannon")]
    public async Task A_tool_with_1_8_32_and_128_clients_gets_only_answers(string tool)
    {
        Tier.NeedsOnDemand(IsOnPath(tool), $"{tool} is not on the PATH");
        await using var server = await StartServer();
        var url = $"{server.Url}v1/intent/classify";
        var body = _folder.Write("body.json", Body);
        var script = _folder.Write("post.lua", $"wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\n" +
            $"wrk.body = '{Body}'\n");
        foreach (var clients in (int[])[1, 8, 32, 128])
        {
            var before = await Counted(server);

            var (code, output) = tool switch
            {
                "wrk" => await Run(tool, "-t", "1", "-c", $"{clients}", "-d", "5s", "--timeout", "30s", "-s", script, url),
                "hey" => await Run(tool, "-z", "5s", "-c", $"{clients}", "-m", "POST", "-T", "application/json", "-D", body, url),
                _ => await Run(tool, "-c", $"{clients}", "-d", "5", "-m", "POST", "-H", "Content-Type=application/json", "-i", body, url),
            };

            await Task.Delay(500, Stop); // what a tool no longer waits for is answered, too
            var counted = ServerCounts.Between(before, await Counted(server))!;
            TestContext.Current.TestOutputHelper?.WriteLine($"{tool}, {clients} clients: {string.Join(", ", counted)}\n{output}");
            Assert.Equal(0, code);
            Assert.True(counted[200] > 5);
            // The tool closes its connections when its time is over: 499, or 400 where a body is cut by that.
            Assert.Empty(counted.Keys.Except([200, 400, 499]));
            Assert.InRange(counted.GetValueOrDefault(400) + counted.GetValueOrDefault(499), 0, clients);
            Assert.DoesNotMatch(Failures(), output);
        }
    }

    static async Task<IReadOnlyDictionary<int, long>> Counted(ServerProcess server)
    {
        using var http = new HttpClient();
        return (await ServerCounts.Read(http, new(server.Url, null)))!;
    }

    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task Behind_nginx_connections_stay_and_a_server_that_ends_under_load_loses_no_request()
    {
        Tier.NeedsOnDemand(IsOnPath("nginx"), "it needs Debian's nginx");
        await using var first = await StartServer();
        await using var second = await StartServer();
        var port = FreePort();
        var configuration = Configuration(port, [first.Url.Port, second.Url.Port]);
        using var nginx = Process.Start("nginx", ["-c", configuration, "-p", _folder.Path, "-g", "daemon off;"]);
        try
        {
            LoadTarget target = new(new($"http://127.0.0.1:{port}"), null);
            await WaitUntilReady(target.Url);
            var calm = await OverloadTests.Generator(target, LoadTexts.Shipped(), 5).Closed(8, Stop);
            Assert.Equal([200], calm.ByStatus.Keys);
            Assert.Equal(0, calm.Errors);
            // Each request on a connection of its own would leave that many closed ones behind.
            Assert.InRange(ConnectionsTo(first.Url.Port) + ConnectionsTo(second.Url.Port), 1, 64);
            Assert.True(calm.Sent > 100);

            var load = OverloadTests.Generator(target, LoadTexts.Shipped(), 6).Closed(8, Stop);
            await Task.Delay(2000, Stop);
            first.Terminate();
            var outcome = await load;
            Assert.Equal(0, await first.Stop());
            TestContext.Current.TestOutputHelper?.WriteLine($"calm {calm.Sent}, then {string.Join(", ", outcome.ByStatus)}");
            Assert.Equal([200], outcome.ByStatus.Keys);
            Assert.Equal(0, outcome.Errors);
        }
        finally
        {
            await Run("nginx", "-c", configuration, "-p", _folder.Path, "-s", "quit");
            await nginx.WaitForExitAsync(Stop);
        }
    }

    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task Behind_nginx_the_pieces_of_a_stream_come_one_by_one()
    {
        Tier.NeedsOnDemand(IsOnPath("nginx"), "it needs Debian's nginx");
        await using var server = await StartServer();
        var port = FreePort();
        var configuration = Configuration(port, [server.Url.Port]);
        using var nginx = Process.Start("nginx", ["-c", configuration, "-p", _folder.Path, "-g", "daemon off;"]);
        try
        {
            Uri url = new($"http://127.0.0.1:{port}");
            await WaitUntilReady(url);
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, "/v1/completions"))
            {
                Content = new StringContent("""{"model":"finintent-8m","prompt":"问","max_tokens":200,"temperature":1,"stream":true}""",
                    Encoding.UTF8, "application/json"),
            };
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
            List<long> times = [];
            var last = "";
            while (await reader.ReadLineAsync(Stop) is { } line)
            {
                if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
                times.Add(Stopwatch.GetTimestamp());
                last = line;
            }
            Assert.Equal("data: [DONE]", last);
            Assert.True(times.Count > 10, $"{times.Count} pieces");
            // What nginx had kept back would come in one piece of 4 or 8 KB: gaps of microseconds but for a few.
            var apart = times.Zip(times.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a, b).TotalMilliseconds).Count(ms => ms > 0.5);
            Assert.True(apart > times.Count / 2, $"{apart} of {times.Count} pieces came by themselves");
        }
        finally
        {
            await Run("nginx", "-c", configuration, "-p", _folder.Path, "-s", "quit");
            await nginx.WaitForExitAsync(Stop);
        }
    }

    /// <summary>deploy/nginx/finintent.conf without TLS, in front of servers of this test.</summary>
    string Configuration(int port, int[] servers)
    {
        var site = ServeCalls.Read("nginx/finintent.conf")
            .Replace("server 127.0.0.1:8080;", string.Concat(servers.Select(server => $"server 127.0.0.1:{server};\n")))
            .Replace("listen 443 ssl http2;", $"listen 127.0.0.1:{port};")
            .Replace("proxy_set_header Host $host;", "proxy_set_header Host 127.0.0.1;")
            .Replace("server_name intents.example.org;", "server_name 127.0.0.1;");
        site = string.Join('\n', site.Split('\n').Where(line => !line.Contains("ssl_") && !line.Contains("listen [::]")));
        _folder.Write("site.conf", site);
        string[] folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        return _folder.Write("nginx.conf", $$"""
            user {{Environment.UserName}};
            pid {{_folder["nginx.pid"]}};
            error_log {{_folder["error.log"]}};
            events {}
            http {
                access_log off;
                {{string.Concat(folders.Select(name => $"{name}_temp_path {_folder[name]};\n"))}}
                include {{_folder["site.conf"]}};
            }
            """);
    }

    /// <summary>How many connections to a port of this machine there are or were until a minute ago.</summary>
    static int ConnectionsTo(int port) => File.ReadLines("/proc/net/tcp").Skip(1)
        .Count(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2].EndsWith($":{port:X4}", StringComparison.Ordinal));

    static async Task WaitUntilReady(Uri url)
    {
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var ready = await http.GetAsync(new Uri(url, "/health/ready"), Stop);
                Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
                return;
            }
            catch (HttpRequestException) when (attempt < 50)
            {
                await Task.Delay(100, Stop);
            }
        }
    }

    static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static bool IsOnPath(string program) => ((Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/sbin").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    static async Task<(int Code, string Output)> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Stop), process.StandardError.ReadToEndAsync(Stop));
        await process.WaitForExitAsync(Stop);
        return (process.ExitCode, await output + await error);
    }

    /// <summary>What the three tools print when an answer is no 2xx or none came.</summary>
    [GeneratedRegex(@"Non-2xx|Socket errors|Error distribution|\[[345]\d\d\]\s+\d+ responses|[1-9]\d* (errors|timeouts|non 2xx)")]
    private static partial Regex Failures();
}
