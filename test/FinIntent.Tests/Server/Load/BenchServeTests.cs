using System.Text.Json;
using FinIntent.Cli.Commands;
using FinIntent.Tests.Classification;
using FinIntent.Tests.Cli;
using Xunit;

namespace FinIntent.Tests.Server.Load;

public sealed class BenchServeTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_server_at_an_address_is_measured_with_clients_and_at_a_rate()
    {
        using var server = new StandIn(asked => asked.Number % 50 == 0
            ? asked.Write("HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n") : asked.Ok());

        var printed = Run("--url", $"{server.Target.Url}", "--clients", "1,2", "--rates", "100", "--duration", "0.5", "--warm-up", "0.1",
            "--json", _folder["numbers.json"]);

        Assert.Contains("2 clients", printed);
        Assert.Contains("100.0 requests/s", printed);
        using var numbers = JsonDocument.Parse(File.ReadAllText(_folder["numbers.json"]));
        var loads = numbers.RootElement.GetProperty("loads").EnumerateArray().ToList();
        Assert.Equal(3, loads.Count);
        Assert.Equal(server.Count, loads.Sum(load => load.GetProperty("sent").GetInt64()));
        Assert.All(loads, load =>
        {
            Assert.Equal(load.GetProperty("sent").GetInt64(),
                load.GetProperty("by_status").EnumerateObject().Sum(status => status.Value.GetInt64()));
            Assert.True(load.GetProperty("p50_ms").GetDouble() <= load.GetProperty("p99_ms").GetDouble());
            Assert.Equal(JsonValueKind.Null, load.GetProperty("of_classify").ValueKind);
        });
    }

    [Fact]
    public void Random_weights_of_a_shape_are_served_with_random_adapters_beside_classifys_rate()
    {
        var printed = Run("--shape", "qwen2.5-0.5b", "--layers", "1", "--type", "fp32", "--model", EmbeddedClassifier.Model,
            "--adapters", "2", "--clients", "2", "--rates", "none", "--duration", "0.5", "--warm-up", "0",
            "--json", _folder["numbers.json"]);

        Assert.Contains("2 adapters", printed);
        using var numbers = JsonDocument.Parse(File.ReadAllText(_folder["numbers.json"]));
        var load = numbers.RootElement.GetProperty("loads")[0];
        Assert.Equal(load.GetProperty("sent").GetInt64(), load.GetProperty("by_status").GetProperty("200").GetInt64());
        Assert.True(load.GetProperty("of_classify").GetDouble() > 0);
    }

    [Theory]
    [InlineData("--url is \"localhost\"; it must be a server's address, such as http://127.0.0.1:8080", "--url", "localhost")]
    [InlineData("name a server with --url, or the model of one to start with --model")]
    [InlineData("--rates: a share is one of classify's rate, which needs --model", "--url", "http://127.0.0.1:9", "--rates", "70%")]
    [InlineData("http://127.0.0.1:9/: no connection; is a server there?", "--url", "http://127.0.0.1:9", "--clients", "1", "--duration",
        "0.1", "--warm-up", "0", "--rates", "none")]
    public void What_cannot_be_measured_is_told(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => Run(arguments)).Message);

    static string Run(params string[] arguments) => CommandLine.Run(BenchCommand.Build(), ["serve", .. arguments]);
}
