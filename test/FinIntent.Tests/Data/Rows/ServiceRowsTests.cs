using System.Globalization;
using System.Security.Cryptography;
using FinIntent.Curation;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Evaluation;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>The rows in data/service are what their card says.</summary>
public sealed class ServiceRowsTests
{
    static readonly string Folder = Path.Combine(Reference.Root, "data", "service");
    static readonly string Card = File.ReadAllText(Path.Combine(Folder, "README.md"));
    static readonly IntentSchema Schema = IntentSchema.Load(Path.Combine(Reference.Root, "config", "service", "schema.yaml"));

    [Theory]
    [InlineData("train", 36)]
    [InlineData("few", 10)]
    [InlineData("val", 8)]
    [InlineData("eval", 20)]
    [InlineData("hard", 20)]
    public void Each_of_ten_desks_has_its_rows(string file, int each)
    {
        var rows = Load(file);

        Assert.Equal(10, Schema.Intents.Count);
        Assert.All(Schema.Options, option => Assert.Equal(each, rows.Count(row => row.Gold == option.Label)));
        Assert.All(rows, row => Assert.Equal(Schema.Prompt(row.Question).Text, row.Prompt.Text));
        Assert.Equal(rows.Count, rows.Select(row => row.Question).Distinct().Count());
        var lengths = rows.Select(row => row.Question.Length).ToList();
        AssertOnCard($"| `service_{file}` | {rows.Count} | {each} | {lengths.Min()}–{lengths.Max()}, {lengths.Average():F1} |");
    }

    [Theory]
    [InlineData("train", "val")]
    [InlineData("train", "eval")]
    [InlineData("train", "hard")]
    [InlineData("val", "eval")]
    public void No_two_rows_of_different_files_are_alike_and_the_card_says_how_alike_they_are(string some, string others)
    {
        var largest = (
            from a in Load(some)
            from b in Load(others)
            let plain = BigramIndex.Similarity(QuestionIndex.Plain(a.Question), QuestionIndex.Plain(b.Question))
            select Math.Max(BigramIndex.Similarity(a.Question, b.Question), plain)).Max();

        Assert.InRange(largest, 0, 0.599);
        AssertOnCard($"| {some} – {others} | {largest:F2} |");
    }

    [Theory]
    [InlineData("few", "eval")]
    [InlineData("train", "eval")]
    [InlineData("few", "hard")]
    [InlineData("train", "hard")]
    public void Naive_bayes_over_characters_reaches_what_the_card_says(string taught, string asked)
    {
        var (train, questions) = (Load(taught), Load(asked));
        var names = Schema.Options.Select(o => o.Label).ToList();
        var bayes = new CharacterBayes(
            [.. train.Select(q => q.Question)], [.. train.Select(q => names.IndexOf(q.Gold))], names.Count);

        var right = questions.Count(q => bayes.Probabilities(q.Question) is var p && names[Array.IndexOf(p, p.Max())] == q.Gold);

        var (low, high) = new Proportion(right, questions.Count).Wilson95;
        var share = 100.0 * right / questions.Count;
        AssertOnCard($"| naive Bayes | {train.Count} | `{asked}` | {right}, {share:F1} % | {100 * low:F1}–{100 * high:F1} |");
    }

    [Fact]
    public void The_few_rows_and_the_examples_of_the_schema_are_training_rows()
    {
        var rows = Load("train").Select(q => (q.Question, q.Gold)).ToHashSet();

        Assert.All(Load("few"), row => Assert.Contains((row.Question, row.Gold), rows));
        Assert.All(Schema.Intents, intent =>
            Assert.All(intent.Examples, example => Assert.Contains((example, intent.Name), rows)));
    }

    [Theory]
    [InlineData("eval.csv")]
    [InlineData("hard.csv")]
    public void Evaluation_questions_are_those_whose_digest_was_written_before_training(string file) =>
        AssertOnCard($"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Folder, file))))}  {file}");

    static void AssertOnCard(FormattableString line) => Assert.Contains(line.ToString(CultureInfo.InvariantCulture), Card);

    static IReadOnlyList<EvaluationQuestion> Load(string file) =>
        QuestionFile.Load(DatasetRegistry.Open(Folder).Get($"service_{file}").Path);
}
