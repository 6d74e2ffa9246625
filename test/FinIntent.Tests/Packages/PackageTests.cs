using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>What `dotnet pack` makes is enough for a program that has nothing else of this repository.</summary>
public sealed class PackageTests(PackagedProgram program) : IClassFixture<PackagedProgram>
{
    static readonly string[] Texts = ["茅台还能买吗", "今天大盘怎么样", "忘记交易密码怎么办", "半导体板块还会跌多久"];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static string Executable(string folder, string name) => Path.Combine(folder, OperatingSystem.IsWindows() ? $"{name}.exe" : name);

    [Fact]
    public async Task Programs_built_from_the_package_alone_answer_as_this_build_does()
    {
        await using var classifier = await IntentClassifier.LoadAsync(program.Model, new() { Device = "cpu" }, Stop);
        var expected = await classifier.ClassifyAsync(Texts, cancellationToken: Stop);

        var console = await program.Build("Console");
        var printed = await Dotnet.Run(console, Executable(console, "Console"), [program.Model, .. Texts]);
        Assert.Equal(expected.Select(r => FormattableString.Invariant($"{r.Intent}\t{r.Probability:R}\tsure enough")),
            printed.TrimEnd('\n').Split('\n'));

        var web = await program.Build("AspNetCore");
        Assert.Equal(expected.Select(r => (r.Intent, r.Probability)), await AskWeb(web));
    }

    [Fact]
    public void The_library_comes_with_all_that_a_package_needs()
    {
        var (files, nuspec) = Open("FinIntent.*.nupkg");

        Assert.Superset(
            new HashSet<string>(["README.md", "LICENSE", "THIRD-PARTY-NOTICES.txt", "lib/net10.0/FinIntent.Core.dll", "lib/net10.0/FinIntent.Core.xml"]),
            files);
        Assert.Equal(["lib/net10.0/FinIntent.Core.pdb"], Open("FinIntent.*.snupkg").Files.Where(f => f.EndsWith(".pdb", StringComparison.Ordinal)));
        Assert.Equal("Apache-2.0", nuspec.Descendants().Single(e => e.Name.LocalName == "license").Value);
        // The bindings to libtorch are native files of TorchSharp's package.
        var torch = nuspec.Descendants().Single(e => (string?)e.Attribute("id") == "TorchSharp");
        Assert.DoesNotContain("Native", (string?)torch.Attribute("exclude") ?? "");
        Assert.DoesNotContain(nuspec.Descendants(), e => ((string?)e.Attribute("id"))?.StartsWith("libtorch", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void The_tool_brings_the_bindings_of_every_system_and_no_libtorch()
    {
        var (files, nuspec) = Open("FinIntent.Cli.*.nupkg");

        Assert.Contains(nuspec.Descendants(), e => (string?)e.Attribute("name") == "DotnetTool");
        Assert.Superset(new HashSet<string>(["README.md", "LICENSE", "THIRD-PARTY-NOTICES.txt"]), files);
        Assert.Equal(
            ["linux-x64/native/libLibTorchSharp.so", "osx-arm64/native/libLibTorchSharp.dylib", "win-x64/native/LibTorchSharp.dll"],
            files.Where(f => f.Contains("LibTorchSharp.", StringComparison.Ordinal)).Select(f => f.Split("runtimes/")[1]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(files, f => f.Contains("torch_cpu", StringComparison.Ordinal));
    }

    (HashSet<string> Files, XDocument Nuspec) Open(string pattern)
    {
        var path = Directory.GetFiles(program.Feed, pattern).Single(p => Path.GetFileName(p).Split('.').Length == pattern.Split('.').Length + 2
            || pattern.Contains("Cli", StringComparison.Ordinal));
        using var archive = ZipFile.OpenRead(path);
        using var nuspec = archive.Entries.Single(e => e.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return ([.. archive.Entries.Select(e => e.FullName)], XDocument.Load(nuspec));
    }

    async Task<List<(string, double)>> AskWeb(string folder)
    {
        using var process = Dotnet.Start(folder, Executable(folder, "AspNetCore"), "--urls", "http://127.0.0.1:0", "--Model", program.Model);
        try
        {
            const string Listening = "Now listening on: ";
            string? line;
            do line = await process.StandardOutput.ReadLineAsync(Stop);
            while (line?.Contains(Listening, StringComparison.Ordinal) == false);
            Assert.True(line is not null, "the service ended before it listened");
            using var client = new HttpClient { BaseAddress = new(line.Split(Listening)[1]) };
            var empty = await client.PostAsJsonAsync("classify", new { text = " " }, Stop);
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, empty.StatusCode);
            var answers = await Task.WhenAll(Texts.Select(text => Ask(client, text)));
            return [.. answers];
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    static async Task<(string, double)> Ask(HttpClient client, string text)
    {
        using var response = await client.PostAsJsonAsync("classify", new { text }, Stop);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
        return (answer.GetProperty("intent").GetString()!, answer.GetProperty("probability").GetDouble());
    }
}
