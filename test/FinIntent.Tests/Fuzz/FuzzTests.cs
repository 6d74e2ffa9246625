using System.Text.RegularExpressions;
using FinIntent.Fuzz;
using Xunit;

namespace FinIntent.Tests.Fuzz;

/// <summary>Damages files of every reader with a fixed seed; the project FinIntent.Fuzz damages many more (CONTRIBUTING.md).</summary>
public sealed partial class FuzzTests
{
    /// <summary>All readers together take less than 45 s of the gate on two cores.</summary>
    const int Files = 300, Seed = 20261130;

    // Source files that read nothing from outside, and why.
    static readonly Dictionary<string, string> NotFuzzed = new()
    {
        ["RouteDescription"] = "examples that stand in the source",
        ["LoadTexts"] = "rows that the build puts into the program",
        ["PromptTexts"] = "prompts that the build puts into the program",
        ["BenchModel"] = "shapes that stand in the source",
        ["KernelSource"] = "kernels that the build puts into the program",
        ["NormalizationFormC"] = "a table that the build puts into the program",
        ["LibTorch"] = "native bindings, which are copied byte by byte",
        ["KernelCache"] = "compiled kernels, whose file carries their digest",
        ["ServerLimits"] = "/proc of the system",
        ["LibTorchSetup"] = "a package whose SHA-512 is pinned",
        ["OpenFinDataRelease"] = "a zip whose digest is pinned",
        ["AdapterLoader"] = "bytes of adapter_config.json, which are digested alone",
        ["PrivateFile"] = "the last line of the server's own log, which is cut off where it is no JSON",
    };
    public static TheoryData<string> Names => [.. Readers.All.Select(reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_valid_files_of_a_reader_are_read(string name)
    {
        var reader = Readers.Get(name);
        using var folder = new TrialFolder(reader);

        foreach (var (i, seed) in reader.Seeds.Index())
        {
            var finding = Trial.Run(reader, folder.Path, i, seed);
            Assert.True(finding.Outcome == Outcome.Value, $"file {i}: {finding.Outcome}: {finding.What}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_damaged_file_is_a_value_or_an_error_in_words(string name)
    {
        var reader = Readers.Get(name);
        using var folder = new TrialFolder(reader);

        using var watch = new HangWatch(name, Path.Combine(folder.Path, reader.File));
        var fault = Enumerable.Range(0, Files).Select(number =>
        {
            watch.Next();
            return Trial.Run(reader, folder.Path, Seed, number);
        }).FirstOrDefault(finding => finding.IsFault);

        Assert.True(fault is null, $"number {fault?.Number}: {fault?.Outcome}: {fault?.What}");
    }

    [Fact]
    public void Every_source_file_that_reads_is_in_the_table()
    {
        var covered = Readers.All.SelectMany(reader => reader.Covers.Split(' ')).ToHashSet();
        var reading = Directory.EnumerateFiles(Path.Combine(Reference.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}FinIntent{Path.DirectorySeparatorChar}Files"))
            .Where(file => ReadingCall().IsMatch(File.ReadAllText(file))).Select(file => Path.GetFileNameWithoutExtension(file)).ToList();

        Assert.True(reading.Count > 30);
        Assert.Empty(reading.Except(covered).Except(NotFuzzed.Keys));
        Assert.Empty(NotFuzzed.Keys.Except(reading));
        Assert.Empty(NotFuzzed.Keys.Intersect(covered));
    }

    [Fact]
    public void The_same_numbers_make_the_same_damage()
    {
        var reader = Readers.Get("settings");
        using var folder = new TrialFolder(reader);

        var (first, again) = (Trial.Run(reader, folder.Path, 1, 5), Trial.Run(reader, folder.Path, 1, 5));

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.NotEqual(first.Bytes, Trial.Run(reader, folder.Path, 2, 5).Bytes);
    }

    [Fact]
    public void A_reader_that_throws_is_slow_or_large_is_a_fault()
    {
        var bytes = Seeds.Text("x");
        using var folder = new TrialFolder(Of(_ => { }));

        Assert.Equal(Outcome.Value, Run(_ => { }));
        Assert.Equal(Outcome.UserError, Run(_ => throw new UserErrorException("f: it is wrong")));
        Assert.Equal(Outcome.ForeignWords, Run(_ => throw new UserErrorException("f: cannot be converted to System.Int32")));
        Assert.Equal(Outcome.Bug, Run(_ => throw new InvalidOperationException()));
        Assert.Equal(Outcome.Large, Run(_ => GC.KeepAlive(new byte[Trial.MostBytes + 2])));

        Outcome Run(Action<string> read) => Trial.Run(Of(read), folder.Path, 0, bytes).Outcome;
        FuzzedReader Of(Action<string> read) => new("x", Format.Bytes, "x", read) { Seeds = [bytes], Covers = "X" };
    }

    [GeneratedRegex(@"\b(InputFile\.(Open|Bytes)|TextFile\.(Read|Lines|Utf8|OpenUtf8)|JsonFile\.Read\w*|JsonText\.\w+|JsonBinding\.Bind"
        + @"|YamlFile\.(Read\w*|Parse)|JsonDocument\.Parse\w*|JsonNode\.Parse|JsonElement\.Parse|JsonSerializer\.Deserialize\w*"
        + @"|(Safetensors|TorchBin)File\.Open|File\.(ReadAll\w+|ReadLines|OpenRead|OpenText)|new StreamReader|ZipFile\.OpenRead"
        + @"|new BinaryReader|new Utf8JsonReader)\b")]
    private static partial Regex ReadingCall();
}
