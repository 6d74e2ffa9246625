using System.Text.RegularExpressions;
using Xunit;

namespace FinIntent.Tests.Architecture;

/// <summary>
/// What comes from outside is read through the doors in src/FinIntent/Files: TextFile, JsonFile, JsonText, JsonBinding, YamlFile and
/// InputFile. They refuse what is no text, and say in words of our own what is wrong and where.
/// </summary>
public sealed partial class ReadingDoorTests
{
    /// <summary>Files that read by themselves, and why they may. One that no longer does is removed here, too.</summary>
    static readonly Dictionary<string, string> Allowed = new()
    {
        // What this program carries or makes itself.
        ["FinIntent/Models/KnownModels.cs"] = "a resource",
        ["FinIntent/Jobs/Bench/BenchModel.cs"] = "a constant",
        ["FinIntent/Authoring/PromptTexts.cs"] = "a resource",
        ["FinIntent/Runtime/KernelSource.cs"] = "a resource",
        ["FinIntent/Text/NormalizationFormC.cs"] = "a resource",
        ["FinIntent.Server/Documentation/RouteDescription.cs"] = "constants",
        ["FinIntent.Server/Load/LoadTexts.cs"] = "a resource",
        ["FinIntent/Data/Rows/TextRows.cs"] = "a row it has just written",
        ["FinIntent/Data/Rows/CsvRows.cs"] = "a row it has just written",
        ["FinIntent/Data/Rows/ParquetRows.cs"] = "a row it has just written",
        ["FinIntent/Jobs/Surroundings.cs"] = "standard output",
        // Bytes that are checked by a digest, or compared, and are no text.
        ["FinIntent/Runtime/LibTorch.cs"] = "compares its own files",
        ["FinIntent/Runtime/KernelCache.cs"] = "a cache of compiled kernels",
        ["FinIntent/Training/CheckpointSums.cs"] = "digests of a run's own files",
        ["FinIntent/Data/Tokens/StoredRows.cs"] = "a cache that is made again where its digest is wrong",
        ["FinIntent/Jobs/Setup/LibTorchSetup.cs"] = "a package that was checked by its digest",
        ["FinIntent/Data/Sources/OpenFinDataRelease.cs"] = "an archive that was checked by its digest",
        ["FinIntent.Server/Files/PrivateFile.cs"] = "asks whether a line of its own log is whole",
        ["FinIntent.Server/Keys/KeyFile.cs"] = "asks for a file's mode",
        ["FinIntent.Server/Protection/ServerLimits.cs"] = "the system's own file",
        // Answers, which have doors of their own.
        ["FinIntent/ApiModels/ReplyReader.cs"] = "the door of answers of an API",
        ["FinIntent/Authoring/JsonObjects.cs"] = "looks for objects in what a model wrote",
        ["FinIntent.Server/Wire/JsonBody.cs"] = "the door of requests",
        // Hubs: answers and the files of their caches, which other programs share.
        ["FinIntent/Hub/FileDigest.cs"] = "bytes",
        ["FinIntent/Hub/HuggingFaceSite.cs"] = "a shared cache",
        ["FinIntent/Hub/ModelScopeSite.cs"] = "a shared cache",
        ["FinIntent/Hub/HubErrors.cs"] = "an answer",
        ["FinIntent/Hub/PartialFile.cs"] = "the state of a download",
        // What JsonText has checked.
        ["FinIntent/Text/TokenizerJson.cs"] = "parts of a file that is too large to be a document",
    };

    static string Source => Path.Combine(Reference.Root, "src");

    [Fact]
    public void What_comes_from_outside_is_read_through_a_door()
    {
        var others = Places().Where(place => !Allowed.ContainsKey(place.File)).Select(place => $"{place.File}:{place.Line}").ToList();

        Assert.True(others.Count == 0, $"read it through a door of src/FinIntent/Files:\n{string.Join('\n', others)}");
    }

    [Fact]
    public void No_file_may_read_by_itself_that_does_not() => Assert.Empty(Allowed.Keys.Except(Places().Select(place => place.File)));

    static IEnumerable<(string File, int Line)> Places() =>
        from path in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        let file = Path.GetRelativePath(Source, path).Replace('\\', '/')
        where !file.StartsWith("FinIntent/Files/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal)
        from line in File.ReadLines(path).Index()
        where RawRead().IsMatch(line.Item)
        select (file, line.Index + 1);

    [GeneratedRegex(@"\bFile\.(ReadAllText|ReadAllBytes|ReadAllLines|ReadLines|OpenRead|OpenText|Open|OpenHandle)(Async)?\(" +
        @"|new (StreamReader|FileStream)\(|\bJson(Node|Document|Element)\.Parse|\bJsonSerializer\.Deserialize|\.Deserialize<" +
        @"|new YamlStream|ZipFile\.OpenRead")]
    private static partial Regex RawRead();
}
