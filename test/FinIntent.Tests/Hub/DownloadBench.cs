using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>
/// How fast a gigabyte comes over loopback, from the list of files to the compared digest. The server runs in the same process.
/// </summary>
[Trait("tier", "demand")]
public sealed class DownloadBench
{
    const int Gigabyte = 1_000_000_000;

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void A_gigabyte(int connections)
    {
        using var hub = new HubFixture { Connections = connections, PartBytes = 32 << 20 };
        var repository = hub.AddModel();
        repository.Files["model.safetensors"] = HubFixture.Bytes(Gigabyte);
        hub.Server.BlockBytes = 1 << 20;
        repository.ETag("model.safetensors");

        var (clock, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        hub.Fetch();

        var (seconds, cpu) = (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        Console.WriteLine($"{connections} connections: {seconds:f2} s, {Gigabyte / seconds / 1e9:f2} GB/s; " +
            $"{cpu:f2} s of CPU, client and server: {Gigabyte / cpu / 1e9:f2} GB per second of CPU");
    }
}
