using System.Text.Json;
using FinIntent.Cli.Commands;
using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class VersionCommandTests
{
    [Fact]
    public void The_version_is_one_line() => Assert.Equal($"finintent {ProgramVersion.Number}\n", CommandLine.Run(VersionCommand.Build()));

    [Fact]
    public void The_installation_is_told_as_JSON()
    {
        var json = JsonElement.Parse(CommandLine.Run(VersionCommand.Build(), "--json"));

        Assert.Matches(@"^\d+\.\d+\.\d+", json.GetProperty("version").GetString());
        Assert.Matches("^[0-9a-f]{40}$", json.GetProperty("commit").GetString() ?? new string('0', 40));
        Assert.Equal(FormatVersion.All.Count, json.GetProperty("format_versions").EnumerateObject().Count());
        Assert.Equal(1, json.GetProperty("format_versions").GetProperty("run.json").GetInt32());
        Assert.Equal(Environment.Version.ToString(), json.GetProperty("dotnet").GetString());
        var libtorch = json.GetProperty("libtorch");
        Assert.True(Directory.Exists(libtorch.GetProperty("folder").GetString()));
        Assert.True(Version.Parse(libtorch.GetProperty("version").GetString()!) >= new Version(2, 10), libtorch.ToString());
        Assert.StartsWith(libtorch.TryGetProperty("gpu", out _) ? "cuda" : "cpu", libtorch.GetProperty("device").GetString());
    }
}
