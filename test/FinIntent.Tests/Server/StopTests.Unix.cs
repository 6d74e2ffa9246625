using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FinIntent.Server.Load;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>The program itself, told to end by SIGTERM.</summary>
public sealed class StopTests : IDisposable
{
    static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>A lone text waits three seconds for company, so its answer takes longer than the two seconds that command lines are given
    /// by default.</summary>
    [Fact]
    public async Task A_drain_of_more_than_two_seconds_answers_what_was_accepted_and_ends_with_0()
    {
        await using var process = await ServerProcess.Start(["--model", EmbeddedClassifier.Model, "template=default",
            $"intent_schema={EmbeddedClassifier.Schema}", "--batch-wait", "3000"], Stop);
        using HttpClient client = new() { BaseAddress = process.Url };
        using StringContent content = new("""{"input": "大盘怎么样"}""", Encoding.UTF8, "application/json");
        var asked = client.PostAsync("/v1/intent/classify", content, Stop);
        while (!(await client.GetStringAsync("/metrics", Stop)).Contains("\nfinintent_queue_rows 1", StringComparison.Ordinal))
            await Task.Delay(50, Stop);

        var ended = process.Stop();

        using var answer = await asked;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task A_server_whose_model_is_being_fetched_ends_with_0()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "finintent"),
            ["serve", "--model", "somebody/some-model", "--port", "0"])
        {
            RedirectStandardError = true,
            Environment =
            {
                ["HF_ENDPOINT"] = string.Create(CultureInfo.InvariantCulture, $"http://{silent.LocalEndpoint}"),
                ["HF_HUB_CACHE"] = _folder["hub"],
            },
        };
        using var process = Process.Start(start)!;
        try
        {
            using var asked = await silent.AcceptSocketAsync(Stop).AsTask().WaitAsync(Long, Stop); // and never answered
            Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();

            await process.WaitForExitAsync(Stop).WaitAsync(Long, Stop);

            Assert.True(process.ExitCode == 0, await process.StandardError.ReadToEndAsync(Stop));
        }
        finally
        {
            process.Kill();
        }
    }
}
