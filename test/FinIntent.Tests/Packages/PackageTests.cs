using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>What `dotnet pack` makes is enough for a program that has nothing else of this repository.</summary>
[Collection(PackagesCollection.Name)]
public sealed class PackageTests(PackagedProgram program)
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
        Same(expected, Answers(printed));
        Same(expected, Answers(await WithoutItsLibTorch(Executable(console, "Console"))));

        var web = await program.Build("AspNetCore");
        Same(expected, await AskWeb(web));
    }

    [Fact(Explicit = true), Trait("tier", "demand")]
    public async Task A_trimmed_program_answers_as_this_build_does()
    {
        await using var classifier = await IntentClassifier.LoadAsync(program.Model, new() { Device = "cpu" }, Stop);
        var expected = await classifier.ClassifyAsync(Texts, cancellationToken: Stop);
        var folder = program.CopyOutside("Console");

        await Dotnet.Run(folder, "publish", "-r", LibTorchFolders.Rid, "-p:PublishTrimmed=true", "-o", "out", "-v", "q");

        var published = Path.Combine(folder, "out");
        Assert.False(File.Exists(Path.Combine(published, "System.Xml.Linq.dll")), "nothing was trimmed");
        Same(expected, Answers(await Dotnet.Run(folder, Executable(published, "Console"), [program.Model, .. Texts])));
    }

    [Fact(Explicit = true), Trait("tier", "demand")]
    public async Task A_program_in_one_file_runs_as_it_is()
    {
        Tier.NeedsOnDemand(OperatingSystem.IsLinux(), "its libtorch is Linux's");
        var printed = await Dotnet.Run(program.CopyOutside(""), "dotnet", ["run", "app.cs", "--", program.Model], $"{Texts[0]}\n\n");

        Assert.Equal(6, printed.TrimEnd('\n').Split('\n').Length); // a line that greets, one an intent
        Assert.Contains("█ 个股问询", printed);
    }

    [Fact]
    public void The_library_comes_with_all_that_a_package_needs()
    {
        var (files, nuspec) = Open("FinIntent.*.nupkg");

        string[] needed =
        [
            "README.md", "LICENSE", "THIRD-PARTY-NOTICES.txt", "lib/net10.0/FinIntent.Core.dll", "lib/net10.0/FinIntent.Core.xml",
            "buildTransitive/FinIntent.props",
        ];
        Assert.Superset(needed.ToHashSet(), files);
        Assert.Contains("lib/net10.0/FinIntent.Core.pdb", Open("FinIntent.*.snupkg").Files);
        Assert.Equal("Apache-2.0", nuspec.Descendants().Single(e => e.Name.LocalName == "license").Value);
        // The bindings to libtorch are native files of TorchSharp's package.
        var torch = nuspec.Descendants().Single(e => (string?)e.Attribute("id") == "TorchSharp");
        Assert.DoesNotContain("Native", (string?)torch.Attribute("exclude") ?? "");
        Assert.DoesNotContain("\"libtorch", nuspec.ToString());
    }

    [Fact]
    public void The_tool_brings_the_bindings_of_every_system_and_no_libtorch()
    {
        var (files, nuspec) = Open("FinIntent.Cli.*.nupkg");

        Assert.Contains(nuspec.Descendants(), e => (string?)e.Attribute("name") == "DotnetTool");
        Assert.Superset(new HashSet<string>(["README.md", "LICENSE", "THIRD-PARTY-NOTICES.txt"]), files);
        Assert.Equal(
            ["linux-x64/native/libLibTorchSharp.so", "osx-arm64/native/libLibTorchSharp.dylib", "win-x64/native/LibTorchSharp.dll"],
            files.Where(f => f.Contains("LibTorchSharp.", StringComparison.Ordinal)).Select(f => f.Split("runtimes/")[1])
                .Order(StringComparer.Ordinal));
        Assert.DoesNotContain(files, f => f.Contains("torch_cpu", StringComparison.Ordinal));
    }

    /// <summary>Asks a program that lost its package of libtorch, with the one of these tests in its place.</summary>
    async Task<string> WithoutItsLibTorch(string console)
    {
        string[] arguments = [program.Model, .. Texts];
        (string, string) other = (LibTorch.FolderVariable, LibTorch.Folder), noData = ("XDG_DATA_HOME", program.Folder);
        Assert.Contains("two in one process", await Dotnet.Refused(console, arguments, other));

        var natives = Path.Combine(Path.GetDirectoryName(console)!, "runtimes", LibTorchFolders.Rid, "native");
        File.Delete(LibTorch.PathOf(natives, "torch_cpu"));

        Assert.Contains($"`dotnet add package libtorch-cpu-{LibTorchFolders.Rid}", await Dotnet.Refused(console, arguments, noData));
        return await Dotnet.Run(Path.GetDirectoryName(console)!, console, arguments, "", other);
    }

    /// <summary>Another process has other threads, and shares forwards otherwise: the sums of fp32 differ in their last bits.</summary>
    static void Same(IReadOnlyList<IntentResult> expected, IReadOnlyList<(string Intent, double Probability)> answers)
    {
        Assert.Equal(expected.Select(r => r.Intent), answers.Select(a => a.Intent));
        Assert.All(expected.Zip(answers), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-6));
    }

    static List<(string, double)> Answers(string printed) =>
        [.. printed.TrimEnd('\n').Split('\n').Select(line => line.Split('\t'))
            .Select(c => (c[0], double.Parse(c[1], CultureInfo.InvariantCulture)))];

    (HashSet<string> Files, XDocument Nuspec) Open(string pattern)
    {
        var isTool = pattern.Contains("Cli", StringComparison.Ordinal);
        var path = Directory.GetFiles(program.Feed, pattern).Single(p => p.Contains("FinIntent.Cli", StringComparison.Ordinal) == isTool);
        using var archive = ZipFile.OpenRead(path);
        using var nuspec = archive.Entries.Single(e => e.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return ([.. archive.Entries.Select(e => e.FullName)], XDocument.Load(nuspec));
    }

    async Task<List<(string, double)>> AskWeb(string folder)
    {
        using var process = Dotnet.Start(folder, Executable(folder, "AspNetCore"),
            ["--urls", "http://127.0.0.1:0", "--IntentClassifier:Model", program.Model]);
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
