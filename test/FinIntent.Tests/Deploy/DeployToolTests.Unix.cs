using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The files in deploy/ given to the programs that they are for.</summary>
[Trait("tier", "demand"), UnsupportedOSPlatform("windows")]
public sealed class DeployToolTests : IDisposable
{
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

    internal static bool IsOnPath(string program) => ((Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/sbin").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    internal static async Task<(int Code, string Output)> Run(string program, params string[] arguments)
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
