using System.Globalization;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>The rows in data/ are what their card (data/README.md) says.</summary>
public sealed class ShippedRowsTests
{
    static readonly string Folder = Path.Combine(Reference.Root, "data");
    static readonly string Card = File.ReadAllText(Path.Combine(Folder, "README.md"));
    static readonly IReadOnlyList<EvaluationQuestion> Train = Load("intent_understanding"), Validation = Load("intent_val"),
        Evaluation = Load("intent_eval");

    [Theory]
    [InlineData("intent_understanding", 500)]
    [InlineData("intent_val", 160)]
    [InlineData("intent_eval", 150)]
    public void Counts_classes_and_lengths_are_the_cards(string name, int count)
    {
        var rows = Load(name);

        Assert.Equal(count, rows.Count);
        var classes = string.Join(" | ", IntentOptions.OpenFinData.Select(o => rows.Count(r => r.Gold == o.Label)));
        var lengths = rows.Select(r => r.Question.Length).ToArray();
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{count} | {classes} | {lengths.Min()}–{lengths.Max()}, {lengths.Average():F1} |");
        Assert.Contains(line, Card);
    }

    [Fact]
    public void Every_row_is_in_the_words_of_the_seed_and_asks_something_else()
    {
        EvaluationQuestion[] all = [.. Train, .. Validation, .. Evaluation];

        Assert.All(all, row => Assert.Equal(IntentPrompt.For(row.Question, IntentOptions.OpenFinData).Text, row.Prompt.Text));
        Assert.All(all, row => Assert.Equal(row.Question.Trim(), row.Question));
        Assert.Equal(all.Length, all.Select(row => row.Question).Distinct().Count());
    }

    [Fact]
    public void No_two_rows_of_different_files_are_alike_and_the_card_says_how_alike_they_are()
    {
        (string Names, double Jaccard)[] pairs =
        [
            ("train – val", Largest(Train, Validation)),
            ("train – eval", Largest(Train, Evaluation)),
            ("val – eval", Largest(Validation, Evaluation)),
        ];

        Assert.All(pairs, pair => Assert.InRange(pair.Jaccard, 0, 0.6));
        Assert.All(pairs, pair =>
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"| {pair.Names} | {pair.Jaccard:F2} |"), Card));
    }

    [Fact]
    [Trait("tier", "shared")]
    public void Fin_Evas_questions_are_found_and_like_none_of_ours()
    {
        var folder = Reference.Shared("data");

        var questions = FinEva.Load(Path.Combine(Folder, FinEva.LabelsFile), folder);

        var classes = string.Join(" | ", IntentOptions.OpenFinData.Select(o => questions.Count(q => q.Gold == o.Label)));
        Assert.Contains($"| {questions.Count} | {classes} |", Card);
        Assert.InRange(Largest(questions, [.. Train, .. Validation, .. Evaluation]), 0, 0.6);
        Assert.Equal(questions.Count, questions.Select(q => q.Id).Distinct().Count());
    }

    static IReadOnlyList<EvaluationQuestion> Load(string name) => QuestionFile.Load(DatasetRegistry.Open(Folder).Get(name).Path);

    /// <summary>Of letters and digits alone, as the card tells it.</summary>
    static double Largest(IReadOnlyList<EvaluationQuestion> some, IReadOnlyList<EvaluationQuestion> others)
    {
        var index = new QuestionIndex([.. others.Select(q => q.Question)]);
        Assert.All(some, q => Assert.Empty(index.Find(q.Question)));
        var plain = others.Select(q => QuestionIndex.Plain(q.Question)).ToArray();
        return some.Max(q => plain.Max(other => BigramIndex.Similarity(QuestionIndex.Plain(q.Question), other)));
    }
}
