using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class AnswerOutcomesTests
{
    [Fact]
    public void Each_kind_of_outcome_is_counted_and_told_with_what_helps()
    {
        IReadOnlyList<Prediction> predictions =
        [
            Said("B"), Said("B", "eos"), Said("B, b", "length"), Said("<think>A", "length"), Said("<think>A"), Said(" "),
            Said("<think>A</think>"), Said("", "content_filter"), Said("I cannot", "refusal"), Said("", "context_length"),
        ];

        var outcomes = AnswerOutcomes.Of(predictions)!;
        var text = ReportText.Of(ModelReport.Of("m", predictions), Language.English);

        Assert.Equal(new(10, CutShort: 2, Refused: 2, TooLong: 1, Empty: 2, Unfinished: 2, Unread: 7, Field: null), outcomes);
        foreach (var sentence in (string[])["2 answers were empty: wrong.", "2 questions were refused", "1 question was too long",
            "2 answers were cut short by max_new_tokens (thoughts count): raise it.", "2 answers end inside a thought"])
            Assert.Contains(sentence, text);
        Assert.DoesNotContain("None of the", text);
    }

    [Theory]
    [InlineData("empty, text in reasoning_content", "2 answers were empty, and the text is in reasoning_content: turn thinking off")]
    [InlineData("content_filter", "2 questions were refused")]
    public void A_model_that_said_nothing_is_told_first(string finish, string then)
    {
        IReadOnlyList<Prediction> predictions = [Said("", finish), Said("", finish)];

        var sentences = OutcomeWords.Of(AnswerOutcomes.Of(predictions)).Select(s => s.English).ToList();

        Assert.StartsWith("None of the 2 questions has an answer that can be read: scores say nothing of the model.", sentences[0]);
        Assert.StartsWith(then, sentences[1]);
    }

    [Fact]
    public void Every_form_of_a_report_has_them()
    {
        var report = Comparison.Of([new("m", "p.jsonl", [Said("B"), Said("B", "length")])]);

        Assert.Contains("1 answer was cut short by ", ReportText.Of(report, Language.English));
        Assert.Contains("1 answer was cut short by ", ReportMarkdown.Of(report, Language.English));
        Assert.Contains("1 answer was cut short by ", ReportHtml.Of(report, Language.English));
        Assert.Equal(1, (int)ReportJson.Of(report)["models"]![0]!["answers"]!["cut_short"]!);
    }

    [Theory]
    [InlineData("?", null, "Unreadable", -1)]
    [InlineData("<think>B", null, "Unfinished", -2)]
    [InlineData("<think>B", "length", "Unfinished", -2)]
    [InlineData("", "content_filter", "Refused", -3)]
    [InlineData("", "empty, text in reasoning", "Empty", -4)]
    [InlineData("", "context_length", "Too long", -5)]
    public void A_report_says_why_an_answer_has_no_choice(string output, string? finish, string expected, int number)
    {
        var report = Comparison.Of([new("m", "p.jsonl", [Said(output, finish)])]);

        Assert.Equal(expected, ReportTables.ChoiceOf(report.Models[0], report.Models[0].Main, 0).English);
        Assert.Contains($"[[0,1,[{number},{number},{number},{number}],", PageData.Of(report));
        Assert.Contains($"\"{expected}\"]", ReportHtml.Of(report, Language.English)); // among the script's words
    }

    [Fact]
    public void Predictions_without_text_have_none() =>
        Assert.Null(AnswerOutcomes.Of([Said("B") with { Output = null }]));

    static int _id;

    static Prediction Said(string output, string? finish = null) =>
        new() { Id = $"{_id++}", Question = "问", Model = "m", Gold = "B", Output = output, Finish = finish };
}
