using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using FinIntent.Server;
using FinIntent.Tests.Server;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The files in deploy/ given to the programs that they are for.</summary>
[Trait("tier", "demand"), UnsupportedOSPlatform("windows")]
public sealed class DeployToolTests : IDisposable
{
    const string Name = "intents.example.org";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Explicit = true)]
    public async Task Systemd_finds_nothing_wrong_with_the_unit_and_little_that_it_may_do()
    {
        Tier.NeedsOnDemand(IsOnPath("systemd-analyze"), "it needs Debian's systemd");
        // The check looks for the program that the unit starts.
        var unit = _folder.Write("finintent.service",
            ServeCalls.Read("systemd/finintent.service").Replace("/opt/finintent/finintent", Environment.ProcessPath));

        Assert.Equal((0, ""), await Run("systemd-analyze", "verify", unit));
        var (code, _) = await Run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit);
        Assert.Equal(0, code);
    }

    [Fact(Explicit = true)]
    public async Task Kubectl_makes_the_deployment_for_gpus_of_the_patch()
    {
        Tier.NeedsOnDemand(IsOnPath("kubectl"), "it needs kubectl");
        var deployment = _folder.Write("deployment.yaml", ServeCalls.Read("kubernetes/serve.yaml").Split("\n---\n")[0]);

        var (code, output) = await Run("kubectl", "patch", "--local", "-f", deployment, "-o", "json", "--patch-file",
            Path.Combine(ServeCalls.Folder, "kubernetes", "serve-gpu.yaml"));

        Assert.True(code == 0, output);
        var spec = JsonNode.Parse(output)!["spec"]!;
        var container = Assert.Single(spec["template"]!["spec"]!["containers"]!.AsArray())!;
        Assert.Equal("1", container["resources"]!["limits"]!["nvidia.com/gpu"]!.ToString());
        Assert.Equal("/health/ready", container["startupProbe"]!["httpGet"]!["path"]!.ToString());
        Assert.Contains("--drain-timeout=30", container["args"]!.AsArray().Select(word => word!.ToString()));
        Assert.Equal("1", spec["strategy"]!["rollingUpdate"]!["maxUnavailable"]!.ToString());
    }

    [Fact(Explicit = true)]
    public async Task Nginx_passes_requests_errors_and_bodies_on_and_closes_what_is_not_for_callers()
    {
        Tier.NeedsOnDemand(IsOnPath("nginx"), "it needs Debian's nginx");
        await using var server = await RunningServer.StartAsync(new ServeOptions { AllowedHosts = [Name] });
        var port = FreePort();
        var configuration = Configuration(server.Server.Address.Port, port);
        var (code, output) = await Run("nginx", "-t", "-c", configuration, "-p", _folder.Path);
        Assert.True(code == 0, output);
        using var nginx = Process.Start("nginx", ["-c", configuration, "-p", _folder.Path, "-g", "daemon off;"]);
        try
        {
            using var caller = Caller(port);
            await WaitUntilReady(caller);
            await CheckAnswers(caller);
        }
        finally
        {
            await Run("nginx", "-c", configuration, "-p", _folder.Path, "-s", "quit");
            await nginx.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.Equal(0, nginx.ExitCode);
    }

    static async Task CheckAnswers(HttpClient caller)
    {
        var stop = TestContext.Current.CancellationToken;
        using var answer = await caller.PostAsync("/v1/intent/classify", Json("""{"input": "茅台还能买吗"}"""), stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("个股问询", JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!["results"]![0]!["intent"]!.ToString());

        using var wrong = await caller.PostAsync("/v1/intent/classify", Json("""{"input": []}"""), stop);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.NotNull(JsonNode.Parse(await wrong.Content.ReadAsStringAsync(stop))!["error"]!["message"]);

        using var large = await caller.PostAsync("/v1/intent/classify", Json($$"""{"input": "{{new string('a', 2_000_000)}}"}"""), stop);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal("too_large", JsonNode.Parse(await large.Content.ReadAsStringAsync(stop))!["error"]!["code"]!.ToString());

        foreach (var path in (string[])["/metrics", "/v1/adapters", "/v1/adapters/cards"])
        {
            using var closed = await caller.GetAsync(path, stop);
            Assert.Equal(HttpStatusCode.Forbidden, closed.StatusCode);
        }
    }

    /// <summary>The file as it is, but for ports and paths, in a nginx of our own.</summary>
    string Configuration(int server, int port)
    {
        WriteCertificate();
        _folder.Write("site.conf", ServeCalls.Read("nginx/finintent.conf")
            .Replace("127.0.0.1:8080", $"127.0.0.1:{server}")
            .Replace("listen 443", $"listen 127.0.0.1:{port}")
            .Replace("listen [::]:443", $"listen [::1]:{port}")
            .Replace("/etc/nginx/finintent.", $"{_folder.Path}/finintent."));
        return _folder.Write("nginx.conf", $$"""
            user {{Environment.UserName}};
            pid {{_folder["nginx.pid"]}};
            error_log {{_folder["error.log"]}};
            events {}
            http {
                access_log {{_folder["access.log"]}};
                client_body_temp_path {{_folder["body"]}};
                proxy_temp_path {{_folder["proxy"]}};
                fastcgi_temp_path {{_folder["fastcgi"]}};
                uwsgi_temp_path {{_folder["uwsgi"]}};
                scgi_temp_path {{_folder["scgi"]}};
                include {{_folder["site.conf"]}};
            }
            """);
    }

    void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _folder.Write("finintent.crt", certificate.ExportCertificatePem());
        _folder.Write("finintent.key", key.ExportPkcs8PrivateKeyPem());
    }

    static HttpClient Caller(int port) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == $"CN={Name}" },
    })
    {
        BaseAddress = new($"https://{Name}:{port}"),
    };

    static async Task WaitUntilReady(HttpClient caller)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var ready = await caller.GetAsync("/health/ready", TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
                return;
            }
            catch (HttpRequestException) when (attempt < 50)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
    }

    static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

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
        var stop = TestContext.Current.CancellationToken;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(stop), process.StandardError.ReadToEndAsync(stop));
        await process.WaitForExitAsync(stop);
        return (process.ExitCode, await output + await error);
    }
}
