using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>nginx with deploy/nginx/finintent.conf as it is, but for ports and paths, in a folder of its own.</summary>
[UnsupportedOSPlatform("windows")]
sealed class RunningNginx : IAsyncDisposable
{
    public const string Name = "intents.example.org";

    readonly TemporaryFolder _folder = new();
    readonly int _port = FreePort();
    Process? _process;

    RunningNginx(IReadOnlyList<int> servers) => WriteConfiguration(servers);

    public HttpClient Caller { get; private set; } = null!;

    /// <param name="servers">The ports of the servers that it passes requests to: one or two.</param>
    public static async Task<RunningNginx> StartAsync(params IReadOnlyList<int> servers)
    {
        RunningNginx nginx = new(servers);
        var (code, output) = await nginx.Run("-t");
        Assert.True(code == 0, output);
        nginx._process = Process.Start("nginx", [.. nginx.Arguments, "-g", "daemon off;"]);
        nginx.Caller = nginx.NewCaller();
        await nginx.WaitUntilListening();
        return nginx;
    }

    string[] Arguments => ["-c", _folder["nginx.conf"], "-p", _folder.Path];

    Task<(int Code, string Output)> Run(params string[] more) => DeployToolTests.Run("nginx", [.. Arguments, .. more]);

    void WriteConfiguration(IReadOnlyList<int> servers)
    {
        WriteCertificate();
        var site = ServeCalls.Read("nginx/finintent.conf")
            .Replace("127.0.0.1:8080", $"127.0.0.1:{servers[0]}")
            .Replace("listen 443", $"listen 127.0.0.1:{_port}")
            .Replace("listen [::]:443", $"listen [::1]:{_port}")
            .Replace("/etc/nginx/finintent.", $"{_folder.Path}/finintent.");
        if (servers.Count > 1) site = site.Replace("# server 127.0.0.1:8081", $"server 127.0.0.1:{servers[1]}");
        _folder.Write("site.conf", site);
        _folder.Write("nginx.conf", $$"""
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

    HttpClient NewCaller() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == $"CN={Name}" },
    })
    {
        BaseAddress = new($"https://{Name}:{_port}"),
    };

    async Task WaitUntilListening()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await Caller.GetAsync("/health/live", TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                return;
            }
            catch (HttpRequestException) when (attempt < 100)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
    }

    static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        Caller.Dispose();
        await Run("-s", "quit");
        await _process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        _process.Dispose();
        _folder.Dispose();
    }
}
