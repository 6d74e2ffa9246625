using System.Diagnostics;
using System.Runtime.Versioning;
using Xunit;

namespace FinIntent.Tests.Jobs;

/// <summary>A short run of test/faults/campaign.py, whose long one is in docs/reliability.md.</summary>
[Trait("tier", "demand"), UnsupportedOSPlatform("windows")]
public sealed class FaultCampaignTests
{
    [Fact(Explicit = true)]
    public async Task Every_verb_survives_kills_full_disks_read_only_disks_and_a_second_process()
    {
        Tier.NeedsOnDemand(Has("python3"), "no python3");
        var (campaign, program) = (Path.Combine(Reference.Root, "test", "faults", "campaign.py"), "finintent");
        var start = new ProcessStartInfo("python3", [campaign, Path.Combine(AppContext.BaseDirectory, program), "--seconds", "120"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var table = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(table);
        Assert.True(process.ExitCode == 0, table + await error);
    }

    static bool Has(string program) => Environment.GetEnvironmentVariable("PATH")!.Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
