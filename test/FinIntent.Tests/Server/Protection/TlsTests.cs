using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FinIntent.Server;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

/// <summary>TLS as docs/security.md says to set it up, with a certificate that the test makes.</summary>
public sealed class TlsTests : IDisposable
{
    const string Name = "intents.example.com";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={Name}", key, HashAlgorithmName.SHA256);
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _folder.Write("tls.crt", certificate.ExportCertificatePem());
        _folder.Write("tls.key", key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }

    /// <summary>The names are those of the page, where environment variables have __ for the colons.</summary>
    Task<IntentServer> Start() => Start(new Dictionary<string, string?>
    {
        ["Kestrel:Endpoints:Https:Url"] = "https://127.0.0.1:0",
        ["Kestrel:Endpoints:Https:Certificate:Path"] = _folder["tls.crt"],
        ["Kestrel:Endpoints:Https:Certificate:KeyPath"] = _folder["tls.key"],
    });

    async Task<IntentServer> Start(Dictionary<string, string?> settings)
    {
        var server = IntentServer.Create(new()
        {
            AllowedHosts = [Name],
            ApiKeyFile = _folder.Write("keys", ProtectedServer.ApiKey),
        }, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(settings);
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    static HttpClient Client(IntentServer server, X509Certificate2 trusted, SslProtocols protocols = SslProtocols.None) => new(
        new SocketsHttpHandler
        {
            SslOptions = new()
            {
                EnabledSslProtocols = protocols,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == trusted.GetCertHashString(),
            },
        })
    { BaseAddress = server.Address };

    [Fact]
    public async Task A_certificate_in_kestrels_settings_serves_https()
    {
        using var certificate = Certificate();
        await using var server = await Start();
        using var client = Client(server, certificate);

        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", TestContext.Current.CancellationToken)).StatusCode);
        using HttpRequestMessage request = new(HttpMethod.Get, "/health/ready")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Assert.Equal(HttpVersion.Version20, (await client.SendAsync(request, TestContext.Current.CancellationToken)).Version);
    }

    [Fact]
    public async Task A_plain_request_to_the_port_of_https_gets_no_answer()
    {
        using var certificate = Certificate();
        await using var server = await Start();

        var answer = await RawConnection.Ask(server.Address.Port, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.DoesNotContain("200", answer, StringComparison.Ordinal);
    }
}
