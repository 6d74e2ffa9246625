using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>The program itself, killed in the middle of `finintent download`.</summary>
public sealed class KilledProcessTests : IDisposable
{
    const int Weights = 3_000_017, LostAtMost = 1 << 20;

    readonly HubFixture _hub = new();

    [Fact]
    public async Task A_killed_download_goes_on_where_it_was()
    {
        var repository = _hub.AddModel(Weights);
        _hub.Server.Pause = TimeSpan.FromMilliseconds(2);
        foreach (var limit in (int[])[500_000, 1_500_000]) await RunAndKill(limit);

        _hub.Server.Pause = TimeSpan.Zero;
        var (code, output, error) = await Run();

        Assert.True(code == 0, error);
        var folder = output.Trim();
        Assert.Equal(Path.Combine(_hub.Cache, "models--acme--tiny", "snapshots", repository.Commit), folder);
        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.InRange(_hub.Server.Served[repository.ETag("model.safetensors")], Weights, Weights + (2 * LostAtMost));
        Assert.Contains("acme/tiny: ", error);
    }

    [Fact]
    public async Task Without_a_network_and_without_the_files_it_says_what_to_do()
    {
        _hub.Server.Dispose();

        var (code, _, error) = await Run(("HF_HUB_OFFLINE", "1"));

        Assert.Equal(1, code);
        Assert.StartsWith("error: acme/tiny: HF_HUB_OFFLINE forbids the network", error);
    }

    async Task RunAndKill(long limit)
    {
        using var process = Start();
        var reached = new TaskCompletionSource();
        _hub.Server.OnServed = served => { if (served >= limit) reached.TrySetResult(); };
        await Task.WhenAny(reached.Task, process.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.False(process.HasExited, "the download ended before it could be killed");
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _hub.Server.OnServed = null;
    }

    async Task<(int Code, string Output, string Error)> Run(params (string, string)[] more)
    {
        using var process = Start(more);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    Process Start(params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "finintent.dll"), "download", HubFixture.Id])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in (string[])["HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "USE_MODELSCOPE_HUB"]) start.Environment.Remove(name);
        start.Environment["HF_HOME"] = _hub["hf"];
        start.Environment["HF_ENDPOINT"] = _hub.Server.Url;
        foreach (var (name, value) in more) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public void Dispose() => _hub.Dispose();
}
