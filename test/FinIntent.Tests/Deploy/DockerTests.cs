using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Deploy;

/// <summary>deploy/docker, whose image is not built here.</summary>
public sealed partial class DockerTests
{
    static readonly IReadOnlyList<(string Word, string What)> Lines = Instructions(ServeCalls.Read("docker/Dockerfile"));

    static readonly YamlNode Service = ServeCalls.Yaml("docker/compose.yaml")["services"]["finintent"];

    [Fact]
    public void The_images_have_the_NET_that_the_program_is_built_for()
    {
        var framework = XDocument.Load(Path.Combine(Reference.Root, "Directory.Build.props")).Descendants("TargetFramework").Single().Value;
        var version = framework["net".Length..];

        Assert.Equal([$"mcr.microsoft.com/dotnet/sdk:{version} AS build", $"mcr.microsoft.com/dotnet/aspnet:{version}"], All("FROM"));
        Assert.StartsWith(version, JsonDocument.Parse(File.ReadAllText(Path.Combine(Reference.Root, "global.json")))
            .RootElement.GetProperty("sdk").GetProperty("version").GetString());
    }

    [Fact]
    public void Images_are_named_after_the_version()
    {
        var version = XDocument.Load(Path.Combine(Reference.Root, "Directory.Build.props")).Descendants("Version").Single().Value;

        Assert.Equal($"finintent:{version}", Service["image"].ToString());
        Assert.Contains($"image: registry.example/finintent:{version}\n", ServeCalls.Read("kubernetes/serve.yaml"));
    }

    [Fact]
    public void What_is_copied_is_there_and_not_ignored()
    {
        var ignored = ServeCalls.Read("docker/Dockerfile.dockerignore").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var copied = All("COPY").Where(what => !what.StartsWith("--from", StringComparison.Ordinal))
            .Select(what => what.Split(' ').Where(word => word[0] != '-').ToArray())
            .SelectMany(words => words[..^1]).Select(path => path.TrimEnd('/')).ToList();

        Assert.Equal("*", ignored[0]);
        Assert.Equal(copied.Order(StringComparer.Ordinal),
            ignored.Where(line => line[0] == '!').Select(line => line[1..]).Order(StringComparer.Ordinal));
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(Reference.Root, path)), path));
    }

    [Fact]
    public void The_image_serves_and_ends_as_the_server_wants_it()
    {
        var words = JsonSerializer.Deserialize<string[]>(Only("CMD"))!;
        var options = ServeCalls.Options(words[1..]);

        Assert.Equal("[\"finintent\"]", Only("ENTRYPOINT"));
        Assert.Equal("serve", words[0]);
        ServeCalls.CheckProtection(options);
        Assert.Equal($"{options.Port}", Only("EXPOSE"));
        Assert.EndsWith($"CMD [\"healthy\", \"{options.Port}\"]", Only("HEALTHCHECK"));
        Assert.Equal("SIGTERM", Only("STOPSIGNAL"));
        Assert.Equal("$APP_UID", Only("USER"));
    }

    [Fact]
    public void Compose_starts_the_server_with_a_key_and_lets_it_drain()
    {
        var words = Words(Service["command"]);
        var options = ServeCalls.Options(words.Skip(1));

        Assert.Equal("serve", words[0]);
        ServeCalls.CheckProtection(options);
        Assert.Equal("/run/secrets/" + Assert.Single(Words(Service["secrets"])), options.ApiKeyFile);
        Assert.Equal($"127.0.0.1:{options.Port}:{options.Port}", Assert.Single(Words(Service["ports"])));
        Assert.Equal(["CMD", "healthy", $"{options.Port}"], Words(Service["healthcheck"]["test"]));
        var grace = TimeSpan.FromSeconds(int.Parse(Service["stop_grace_period"].ToString().TrimEnd('s'), CultureInfo.InvariantCulture));
        Assert.True(grace > options.DrainTimeout + ServeCalls.AfterDrain);
        Assert.Equal("true", Service["read_only"].ToString());
        Assert.Equal(["ALL"], Words(Service["cap_drop"]));
    }

    [Fact]
    public void Compose_builds_this_Dockerfile_from_the_repository()
    {
        var build = Service["build"];
        var context = Path.GetFullPath(Path.Combine(ServeCalls.Folder, "docker", build["context"].ToString()));

        Assert.Equal(Path.GetFullPath(Reference.Root), context);
        Assert.True(File.Exists(Path.Combine(context, build["dockerfile"].ToString())));
        Assert.Equal("api-keys", ((YamlMappingNode)ServeCalls.Yaml("docker/compose.yaml")["secrets"]).Children.Single().Key.ToString());
    }

    static List<string> Words(YamlNode list) => [.. ((YamlSequenceNode)list).Select(node => node.ToString())];

    static string Only(string word) => Assert.Single(All(word));

    static IEnumerable<string> All(string word) => Lines.Where(line => line.Word == word).Select(line => line.What);

    /// <summary>A line begins with a word in capitals and ends where no backslash stands before the line's end.</summary>
    static List<(string Word, string What)> Instructions(string text) =>
        [.. LineEnd().Replace(text, "").Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line =>
        {
            var match = Instruction().Match(line);
            Assert.True(match.Success, line);
            return (match.Groups[1].Value, match.Groups[2].Value);
        })];

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex LineEnd();

    [GeneratedRegex("^(FROM|ARG|WORKDIR|COPY|RUN|ENV|USER|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD) +(.+)$")]
    private static partial Regex Instruction();
}
