using System.Globalization;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>deploy/systemd/finintent.service.</summary>
public sealed class SystemdTests
{
    static readonly ILookup<string, string> Keys = ServeCalls.Read("systemd/finintent.service").Split('\n')
        .Where(line => line.Length > 0 && line[0] is not ('#' or '['))
        .ToLookup(line => line[..line.IndexOf('=')], line => line[(line.IndexOf('=') + 1)..]);

    [Fact]
    public void The_server_is_started_with_flags_of_the_program_and_a_key_that_systemd_reads()
    {
        var words = Only("ExecStart").Split(' ');
        var options = ServeCalls.Options(words[2..]);

        Assert.Equal(["/opt/finintent/finintent", "serve"], words[..2]);
        Assert.True(options.IsLoopback);
        Assert.Equal($"${{CREDENTIALS_DIRECTORY}}/{Only("LoadCredential").Split(':')[0]}", options.ApiKeyFile);
    }

    [Fact]
    public void It_is_killed_only_after_it_could_drain()
    {
        var drain = ServeCalls.Options(Only("ExecStart").Split(' ')[2..]).DrainTimeout + ServeCalls.AfterDrain;

        Assert.True(TimeSpan.FromSeconds(int.Parse(Only("TimeoutStopSec"), CultureInfo.InvariantCulture)) > drain);
        Assert.Equal("SIGTERM", Only("KillSignal"));
    }

    [Fact]
    public void A_call_that_is_wrong_is_not_repeated() =>
        Assert.Equal(("on-failure", "1"), (Only("Restart"), Only("RestartPreventExitStatus")));

    [Fact]
    public void It_has_no_rights_that_it_does_not_need()
    {
        Assert.Equal(["yes", "strict", "yes", ""],
            [Only("DynamicUser"), Only("ProtectSystem"), Only("NoNewPrivileges"), Only("CapabilityBoundingSet")]);
        // .NET compiles to memory while it runs.
        Assert.Empty(Keys["MemoryDenyWriteExecute"]);
        Assert.True(int.Parse(Only("LimitNOFILE"), CultureInfo.InvariantCulture) >= 20_000);
    }

    static string Only(string key) => Assert.Single(Keys[key]);
}
