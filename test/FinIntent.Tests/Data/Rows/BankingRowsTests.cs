using System.Globalization;
using FinIntent.Curation;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Evaluation;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>The rows in data/banking are what their card says.</summary>
public sealed class BankingRowsTests
{
    static readonly string Folder = Path.Combine(Reference.Root, "data", "banking");
    static readonly string Card = File.ReadAllText(Path.Combine(Folder, "README.md"));
    static readonly IntentSchema Schema = IntentSchema.Load(Path.Combine(Reference.Root, "config", "banking", "schema.yaml"));
    static readonly IReadOnlyList<EvaluationQuestion> Train = Load("banking_train"), Val = Load("banking_val"), Eval = Load("banking_eval");

    [Theory, InlineData("banking_train", 25), InlineData("banking_val", 5), InlineData("banking_eval", 8)]
    public void Each_of_24_intents_has_its_rows(string name, int each)
    {
        var rows = Load(name);

        Assert.Equal(24, Schema.Intents.Count);
        Assert.All(Schema.Options, option => Assert.Equal(each, rows.Count(row => row.Gold == option.Label)));
        Assert.All(rows, row => Assert.Equal(Schema.Prompt(row.Question).Text, row.Prompt.Text));
        Assert.Equal(rows.Count, rows.Select(row => row.Question).Distinct().Count());
        var lengths = rows.Select(row => row.Question.Length).ToList();
        Assert.Contains(string.Create(CultureInfo.InvariantCulture,
            $"| `{name}` | {rows.Count} | {each} | {lengths.Min()}–{lengths.Max()}, {lengths.Average():F1} |"), Card);
    }

    [Fact]
    public void No_two_rows_of_different_files_are_alike_and_the_card_says_how_alike_they_are()
    {
        (string Names, double Largest)[] pairs =
            [("train – val", Largest(Train, Val)), ("train – eval", Largest(Train, Eval)), ("val – eval", Largest(Val, Eval))];

        Assert.All(pairs, pair => Assert.InRange(pair.Largest, 0, 0.599));
        Assert.All(pairs, pair =>
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"| {pair.Names} | {pair.Largest:F2} |"), Card));
    }

    [Fact]
    public void Naive_bayes_over_characters_reaches_what_the_card_says()
    {
        var names = Schema.Options.Select(o => o.Label).ToList();
        var bayes = new CharacterBayes([.. Train.Select(q => q.Question)], [.. Train.Select(q => names.IndexOf(q.Gold))], names.Count);

        var right = Eval.Count(q => bayes.Probabilities(q.Question) is var p && names[Array.IndexOf(p, p.Max())] == q.Gold);

        var (low, high) = new Proportion(right, Eval.Count).Wilson95;
        Assert.Contains(string.Create(CultureInfo.InvariantCulture,
            $"| {right}, {100.0 * right / Eval.Count:F1} % | {100 * low:F1}–{100 * high:F1} |"), Card);
    }

    [Fact]
    public void Examples_of_the_schema_are_training_rows()
    {
        var rows = Train.Select(q => (q.Question, q.Gold)).ToHashSet();

        Assert.All(Schema.Intents, intent => Assert.All(intent.Examples, example => Assert.Contains((example, intent.Name), rows)));
    }

    static IReadOnlyList<EvaluationQuestion> Load(string name) => QuestionFile.Load(DatasetRegistry.Open(Folder).Get(name).Path);

    static double Largest(IReadOnlyList<EvaluationQuestion> some, IReadOnlyList<EvaluationQuestion> others) => (
        from a in some
        from b in others
        select Math.Max(BigramIndex.Similarity(a.Question, b.Question),
            BigramIndex.Similarity(QuestionIndex.Plain(a.Question), QuestionIndex.Plain(b.Question)))).Max();
}
