using System.Text.RegularExpressions;
using Xunit;

namespace FinIntent.Tests.Architecture;

/// <summary>The arrows between the folders of src/FinIntent, read from the source files.</summary>
public sealed partial class DependencyTests
{
    const int MostLines = 500, MostColumns = 140;

    static readonly string[] CodeFolders = ["src", "test", "tools", "bench"];

    /// <summary>A folder and the folders it may use. An allowed arrow that nothing uses any more is removed here, too.</summary>
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Files"] = [],
        ["Runtime"] = [],
        ["Checkpoints"] = ["Files", "Runtime"],
        ["Kernels"] = ["Runtime"],
        ["Models"] = ["Files", "Runtime", "Checkpoints", "Kernels"],
        ["Lora"] = ["Files", "Runtime", "Checkpoints", "Models"],
        ["Text"] = ["Files"],
        ["Intents"] = ["Files", "Text"],
        ["Settings"] = ["Files"],
        ["Plots"] = [],
        ["Hub"] = ["Files", "Checkpoints"],
        ["Data"] = ["Files", "Text", "Intents", "Settings", "Hub"],
        ["Training"] = ["Files", "Runtime", "Checkpoints", "Kernels", "Models", "Lora", "Text", "Data", "Settings", "Plots"],
        ["Generation"] = ["Runtime", "Checkpoints", "Models", "Lora", "Text"],
        ["Calibration"] = ["Files", "Checkpoints", "Lora", "Intents", "Generation"],
        ["Classification"] = ["Files", "Runtime", "Checkpoints", "Models", "Lora", "Text", "Intents", "Hub", "Generation", "Calibration"],
        ["Curation"] = ["Files", "Models", "Text", "Intents", "Data", "Generation"],
        ["ApiModels"] = ["Files", "Text", "Settings"],
        ["Authoring"] = ["Files", "Text", "Intents", "Settings", "Data", "Curation", "Generation", "ApiModels"],
        ["Evaluation"] = ["Files", "Runtime", "Intents", "Generation", "Calibration", "ApiModels", "Plots", "Settings"],
        ["Jobs"] =
        [
            "Files", "Runtime", "Checkpoints", "Models", "Lora", "Text", "Intents", "Settings", "Hub", "Data", "Curation", "Training",
            "Generation", "Calibration", "Classification", "ApiModels", "Authoring", "Evaluation",
        ],
    };

    const int MostProgramLines = 2500, MostCommandLines = 120;

    /// <summary>The engine and the domain's files, which the program reaches through jobs.</summary>
    static readonly string[] Engine =
        ["Runtime", "Kernels", "Checkpoints", "Models", "Lora", "Text", "Training", "Generation", "Data"];

    /// <summary>Files of the program that still use the engine. One that no longer does is removed here, too.</summary>
    static readonly string[] EngineUsers =
    [
        "DataCommand.cs", "DataPull.cs", "DataRows.cs", "DataStats.cs", "TrainProgress.cs",
    ];

    static string Program => Path.Combine(Reference.Root, "src", "FinIntent.Cli");

    static string Library => Path.Combine(Reference.Root, "src", "FinIntent");

    public static TheoryData<string> Folders =>
        new(Directory.GetDirectories(Library).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj")).Order()!);

    [Theory, MemberData(nameof(Folders))]
    public void A_folder_uses_only_the_folders_it_may(string folder)
    {
        Assert.True(Allowed.ContainsKey(folder), $"src/FinIntent/{folder} is new: say in Allowed what it may use");

        var forbidden = Uses(folder).Where(use => !Allowed[folder].Contains(use.Target)).Select(use => $"{use.Place} uses {use.Target}");

        Assert.Empty(forbidden);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Every_allowed_arrow_is_used(string folder) =>
        Assert.Empty(Allowed[folder].Except(Uses(folder).Select(use => use.Target)).Select(target => $"{folder} no longer uses {target}"));

    [Fact]
    public void Only_hosts_use_jobs() => Assert.DoesNotContain("Jobs", Allowed.Values.SelectMany(targets => targets));

    /// <summary>What a settings file says is known to jobs; everything below them takes the parts that it needs.</summary>
    [Fact]
    public void Only_settings_and_jobs_know_a_whole_settings_file() => Assert.Empty(
        from file in SourceFiles(Library)
        let place = Path.GetRelativePath(Library, file)
        where place.Split(Path.DirectorySeparatorChar)[0] is not ("Settings" or "Jobs")
        where File.ReadAllText(file).Contains("SettingsFile", StringComparison.Ordinal)
        select place);

    [Fact]
    public void The_program_reaches_the_engine_through_jobs() => Assert.Equal(EngineUsers, (
        from file in SourceFiles(Program)
        where File.ReadLines(file).SelectMany(line => FolderName().Matches(line)).Any(match => Engine.Contains(match.Groups[1].Value))
        select Path.GetFileName(file)).Order(StringComparer.Ordinal));

    [Fact]
    public void A_command_binds_calls_a_job_and_prints()
    {
        var files = SourceFiles(Program).Select(file => (Name: Path.GetFileName(file), Lines: File.ReadLines(file).Count())).ToList();

        Assert.InRange(files.Sum(file => file.Lines), 1, MostProgramLines);
        Assert.DoesNotContain(files, file => file.Lines > MostCommandLines);
    }

    [Fact]
    public void The_arrows_form_no_circle()
    {
        HashSet<string> placed = [];
        while (Allowed.Keys.Except(placed).FirstOrDefault(folder => Allowed[folder].All(placed.Contains)) is { } next) placed.Add(next);

        Assert.Empty(Allowed.Keys.Except(placed));
    }

    [Fact]
    public void No_source_file_is_longer_than_the_wall()
    {
        var files = CodeFolders.Select(name => Path.Combine(Reference.Root, name)).Where(Directory.Exists).SelectMany(SourceFiles)
            .Select(file => (File: file, Lines: File.ReadLines(file).Count())).ToList();

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.InRange(file.Lines, 0, MostLines));
    }

    /// <summary>A raw string holds data as it is, so its lines may be wider.</summary>
    [Fact]
    public void No_line_of_code_is_wider_than_140_columns() => Assert.Empty(
        from folder in CodeFolders.Select(name => Path.Combine(Reference.Root, name)).Where(Directory.Exists)
        from file in SourceFiles(folder)
        from line in OutsideRawStrings(file)
        where line.Text.Length > MostColumns
        select $"{Path.GetRelativePath(Reference.Root, file)}:{line.Number}");

    static IEnumerable<(int Number, string Text)> OutsideRawStrings(string file)
    {
        var isInside = false;
        foreach (var (i, line) in File.ReadLines(file).Index())
        {
            var quotes = RawQuotes().Count(line);
            if (!isInside && quotes == 0) yield return (i + 1, line);
            isInside ^= quotes % 2 == 1;
        }
    }

    /// <summary>Other folders named by a file's using lines, an alias's or a static one's too, or by a full name in its code.</summary>
    static IEnumerable<(string Place, string Target)> Uses(string folder) =>
        from file in SourceFiles(Path.Combine(Library, folder))
        from line in File.ReadLines(file).Index()
        where !line.Item.StartsWith("namespace ", StringComparison.Ordinal)
        from Match match in FolderName().Matches(line.Item)
        let target = match.Groups[1].Value
        where target != folder && Allowed.ContainsKey(target)
        select ($"{Path.GetRelativePath(Reference.Root, file)}:{line.Index + 1}", target);

    static IEnumerable<string> SourceFiles(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [GeneratedRegex("\"{3,}")]
    private static partial Regex RawQuotes();

    [GeneratedRegex(@"\bFinIntent\.(\w+)")]
    private static partial Regex FolderName();
}
