using System.Globalization;
using System.Security.Cryptography;
using FinIntent.Curation;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>The rows in data/oos are what their card says.</summary>
public sealed class OutOfScopeRowsTests
{
    const string None = "其他问询";

    static readonly IntentSchema WithNone =
        IntentSchema.Load(Path.Combine(Reference.Root, "config", "intents", "openfindata_none.yaml"));

    static readonly string Data = Path.Combine(Reference.Root, "data"), Folder = Path.Combine(Data, "oos");
    static readonly string Card = File.ReadAllText(Path.Combine(Folder, "README.md"));
    static readonly string[] Files = ["near_train", "near_val", "near_test", "far_val", "far_test"];

    [Theory]
    [InlineData("near_train", 160)]
    [InlineData("near_val", 60)]
    [InlineData("near_test", 120)]
    [InlineData("far_val", 60)]
    [InlineData("far_test", 220)]
    public void Counts_kinds_and_lengths_are_the_cards(string file, int atLeast)
    {
        var rows = Rows(file);

        Assert.InRange(rows.Count, atLeast, int.MaxValue);
        Assert.All(rows, row => Assert.Equal(row.Question.Trim(), row.Question));
        var lengths = rows.Select(row => row.Question.Length).ToList();
        AssertOnCard($"| `{file}.csv` | {rows.Count} | {lengths.Min()}–{lengths.Max()}, {lengths.Average():F1} |");
        var asked = QuestionFile.LoadAsked(PathOf(file), IntentSchema.OpenFinData);
        Assert.Equal(rows.Select(row => row.Question), asked.Select(q => q.Question));
    }

    [Fact]
    public void The_card_counts_the_rows_of_each_kind()
    {
        var kinds = Files.SelectMany(file => Rows(file).Select(row => (file, row.Kind))).ToList();

        foreach (var rows in kinds.GroupBy(row => row.Kind))
        {
            var files = rows.CountBy(row => row.file).ToDictionary();
            var isNear = files.ContainsKey("near_test");
            var counts = Files.Where(file => file.StartsWith("near", StringComparison.Ordinal) == isNear)
                .Select(file => files.GetValueOrDefault(file) is var count and > 0 ? $"{count}" : "–");
            Assert.Contains($"| `{rows.Key}` | {string.Join(" | ", counts)} |", Card);
        }
    }

    [Fact]
    public void Near_test_rows_ask_about_what_is_trained_on_and_what_is_not()
    {
        var taught = Rows("near_train").Select(row => row.Kind).ToHashSet();

        Assert.Equal(taught, Rows("near_val").Select(row => row.Kind).ToHashSet());
        Assert.InRange(Rows("near_test").Count(row => taught.Contains(row.Kind)), 60, 100);
        Assert.InRange(Rows("near_test").Count(row => !taught.Contains(row.Kind)), 50, 100);
        Assert.All(DataFile.Read(PathOf("near_train")), row => Assert.Equal(None, row.Word("intent")));
    }

    [Theory]
    [InlineData("train", "intent_train.json", "near_train")]
    [InlineData("val", "intent_val.json", "near_val")]
    [InlineData("eval", "intent_eval.json", "near_test")]
    public void Rows_of_six_options_are_those_of_the_five_intents_and_near_ones(string file, string inScope, string near)
    {
        var rows = QuestionFile.Load(DatasetRegistry.Open(Folder).Get($"oos_{file}").Path);

        var expected = QuestionFile.Load(Path.Combine(Data, inScope)).Select(row => (row.Question, row.Gold))
            .Concat(Rows(near).Select(row => (row.Question, WithNone.LabelFor(None)!)));
        Assert.Equal(expected, rows.Select(row => (row.Question, row.Gold)));
        Assert.All(rows, row => Assert.Equal(WithNone.Prompt(row.Question).Text, row.Prompt.Text));
        AssertOnCard($"| `{file}.json` | {rows.Count} |");
    }

    [Fact]
    public void The_sixth_intent_stands_for_none_of_the_five_and_its_examples_are_training_rows()
    {
        var five = IntentSchema.OpenFinData.Intents;

        Assert.Equal(five.Select(intent => (intent.Name, intent.Description)),
            WithNone.Intents.SkipLast(1).Select(intent => (intent.Name, intent.Description)));
        Assert.Equal((None, 5), (WithNone.Intents[^1].Name, WithNone.OutOfScopeOption));
        Assert.Subset(Rows("near_train").Select(row => row.Question).ToHashSet(), WithNone.Intents[^1].Examples.ToHashSet());
    }

    [Fact]
    public void No_two_rows_are_alike_and_none_is_like_a_row_of_ours()
    {
        var rows = Files.SelectMany(file => Rows(file).Select(row => row.Question)).ToList();
        var others = new[] { "intent_train.json", "intent_val.json", "intent_eval.json" }
            .SelectMany(file => QuestionFile.Load(Path.Combine(Data, file)).Select(q => q.Question))
            .Concat(FilesOf("service", "*.csv").SelectMany(DataFile.Read).Select(row => row.Word("question")!))
            .Concat(FilesOf("teach", "*.t*").SelectMany(File.ReadLines).SelectMany(line => line.Split('\t')));
        var index = new QuestionIndex([.. others]);

        Assert.Empty(NearDuplicates.Pairs(rows));
        Assert.All(rows, row => Assert.Empty(index.Find(row)));
    }

    [Theory]
    [InlineData("near_train", "near_test")]
    [InlineData("near_val", "near_test")]
    [InlineData("near_train", "near_val")]
    [InlineData("far_val", "far_test")]
    public void The_card_says_how_alike_the_files_are(string some, string others)
    {
        var largest = (
            from a in Rows(some)
            from b in Rows(others)
            let plain = BigramIndex.Similarity(QuestionIndex.Plain(a.Question), QuestionIndex.Plain(b.Question))
            select Math.Max(BigramIndex.Similarity(a.Question, b.Question), plain)).Max();

        AssertOnCard($"| {some} – {others} | {largest:F2} |");
    }

    [Theory]
    [InlineData("near_test.csv")]
    [InlineData("far_test.csv")]
    public void Test_rows_are_those_whose_digest_was_written_before_any_model_saw_them(string file) =>
        AssertOnCard($"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Folder, file))))}  {file}");

    static string[] FilesOf(string folder, string pattern) => Directory.GetFiles(Path.Combine(Data, folder), pattern);

    static string PathOf(string file) => Path.Combine(Folder, $"{file}.csv");

    static void AssertOnCard(FormattableString line) => Assert.Contains(line.ToString(CultureInfo.InvariantCulture), Card);

    static IReadOnlyList<(string Question, string Kind)> Rows(string file) =>
        [.. DataFile.Read(PathOf(file)).Select(row => (row.Word("question")!, row.Word("kind")!))];
}
