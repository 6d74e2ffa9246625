using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation.Reports;

public sealed class ComparisonTests
{
    const string Gold = "AABBCCAABB";

    static readonly PredictionSet Half = Answers.Set("half", Gold, "AABBCBBBC?");
    static readonly PredictionSet Better = Answers.Set("better", Gold, "AABBBCAABC");
    static readonly PredictionSet Perfect = Answers.Set("perfect", Gold, Gold);

    [Fact]
    public void A_pair_counts_what_changed_on_each_question()
    {
        var pair = Comparison.Of([Half, Better]).Pairs.First(p => p.Rule == "strict");

        Assert.Equal((4, 4, 1, 1), (pair.BothRight, pair.Fixed, pair.Broken, pair.BothWrong));
        Assert.Equal(McNemar.ExactP(4, 1), pair.P);
        Assert.Equal(pair.P, pair.PHolm);
    }

    [Fact]
    public void Every_pair_is_shown_or_only_those_with_the_baseline()
    {
        PredictionSet[] sets = [Half, Better, Perfect];

        Assert.Equal([(0, 1), (0, 2), (1, 2)], Pairs(Comparison.Of(sets)));
        Assert.Equal([(1, 0), (1, 2)], Pairs(Comparison.Of(sets, baseline: 1)));

        static IEnumerable<(int, int)> Pairs(Comparison report) => report.Pairs.Select(p => (p.A, p.B)).Distinct();
    }

    [Fact]
    public void Holm_adjusts_over_the_pairs_of_a_rule()
    {
        var report = Comparison.Of([Half, Better, Perfect, Answers.Scored(Perfect) with { Name = "scored" }]);

        foreach (var rule in new[] { "strict", "lenient", "last_capital", "flexible" })
        {
            var pairs = report.Pairs.Where(p => p.Rule == rule).ToList();
            Assert.Equal(3, pairs.Count);
            Assert.Equal(Holm.Adjust([.. pairs.Select(p => p.P)]), pairs.Select(p => p.PHolm));
        }
        // Nothing can be said of models that are read by different rules.
        Assert.Null(report.MainRule);
        Assert.Contains(ReportWords.Notes(report), n => n.English.Contains("Without a reading rule in common")
            && n.English.Contains("perfect and scored"));
    }

    [Fact]
    public void Files_with_other_questions_are_compared_on_the_common_ones_and_the_difference_is_told()
    {
        var shifted = Better with { Predictions = [.. Better.Predictions.Skip(2), Better.Predictions[0] with { Id = "new" }] };

        var report = Comparison.Of([Half, shifted]);

        Assert.All(report.Pairs, p => Assert.Equal(8, p.Count));
        var note = Assert.Single(ReportWords.Notes(report));
        Assert.Equal("half and better do not hold the same questions: only half has 2 questions (id 0, 1); only better has 1 question " +
            "(id new). They are compared on the 8 questions in common.", note.English);
        Assert.Contains("8", note.Chinese);
    }

    [Fact]
    public void The_same_id_with_another_question_or_another_right_answer_is_not_compared()
    {
        var otherText = Answers.Changed(Half, p => p.Id == "0" ? p with { Question = "另一句" } : p);
        var otherGold = Answers.Changed(Half, p => p.Id == "1" ? p with { Gold = "C" } : p) with { Name = "other gold" };

        Assert.Equal(9, Comparison.Of([Better, otherText]).Pairs[0].Count);
        var report = Comparison.Of([Better, otherGold]);
        Assert.Equal(9, report.Pairs[0].Count);
        Assert.Contains("the right answers differ for 1 question (id 1)", ReportWords.Notes(report).Single().English);
    }

    [Fact]
    public void Files_without_a_question_in_common_make_no_pair()
    {
        var report = Comparison.Of([Half, Answers.Changed(Better, p => p with { Question = "x" + p.Question })]);

        Assert.Empty(report.Pairs);
        Assert.Contains("Without a question in common", ReportWords.Notes(report).Single().English);
    }

    [Fact]
    public void Options_in_another_order_are_compared_by_what_they_mean()
    {
        var turned = new Dictionary<string, string> { ["A"] = "大盘", ["B"] = "行业", ["C"] = "个股" };
        string Turn(string letter) => turned.Single(o => o.Value == Answers.Options[letter]).Key;
        var permuted = Answers.Changed(Better, p => p with { Gold = Turn(p.Gold!), Output = Turn(p.Output!), Options = turned });

        var pair = Comparison.Of([Half, permuted]).Pairs[0];

        Assert.Equal((4, 4, 1, 1), (pair.BothRight, pair.Fixed, pair.Broken, pair.BothWrong));
    }

    [Fact]
    public void Letters_without_names_are_read_as_the_other_files_options_and_the_report_says_so()
    {
        var bare = Answers.Changed(Better, p => p with { Options = null });

        var report = Comparison.Of([Half, bare]);

        Assert.Equal((4, 4, 1, 1), (report.Pairs[0].BothRight, report.Pairs[0].Fixed, report.Pairs[0].Broken, report.Pairs[0].BothWrong));
        Assert.Equal([("A", "行业"), ("B", "个股"), ("C", "大盘")], report.Models[1].Classes);
        Assert.Contains("The predictions of better have no options", ReportWords.Notes(report).Single().English);
        Assert.Empty(ReportWords.Notes(Comparison.Of([bare, bare with { Name = "twin" }])));
    }

    [Fact]
    public void Questions_that_all_get_wrong_are_listed_by_rule()
    {
        var report = Comparison.Of([Half, Better]);

        Assert.Equal(["9"], report.Unsolved.Where(q => q.Rule == "lenient").Select(q => q.Id));
        Assert.Equal(("问句9", "B 个股", 2), report.Unsolved.Where(q => q.Rule == "strict")
            .Select(q => (q.Question, q.Gold, q.Asked)).Single());
        Assert.Empty(Comparison.Of([Half, Perfect]).Unsolved);
    }

    [Theory]
    [InlineData(Gold, Gold, 1.0)]
    [InlineData("CCCCAACCCC", "CCCCAACCCC", 1.0)]
    [InlineData("CCCCAACCCC", Gold, 0.001953125)]
    public void All_right_all_wrong_and_ties_have_their_exact_p(string a, string b, double p)
    {
        var report = Comparison.Of([Answers.Set("a", Gold, a), Answers.Set("b", Gold, b)]);

        Assert.All(report.Pairs, pair => Assert.Equal(p, pair.P, 1e-15));
    }

    [Fact]
    public void One_question_is_enough_for_a_report()
    {
        var report = Comparison.Of([Answers.Set("a", "A", "A"), Answers.Set("b", "A", "?")]);

        Assert.Equal((0, 1, 1.0), (report.Pairs[0].Fixed, report.Pairs[0].Broken, report.Pairs[0].P));
        Assert.NotEmpty(ReportHtml.Of(report, Language.English));
        Assert.NotEmpty(ReportMarkdown.Of(report, Language.Chinese));
    }

    [Fact]
    public void The_short_table_has_a_line_a_model_and_what_changed()
    {
        var text = ReportText.Short(Comparison.Of([Answers.Scored(Answers.Set("half", Gold, "AABBCBBBCA")), Answers.Scored(Better)]),
            Language.English);

        Assert.Equal("""
            Model   Right  Accuracy  95 % interval  Macro-F1    MCC
            half     5/10    50.0 %      23.7–76.3    50.5 %  0.222
            better   8/10    80.0 %      49.0–94.3    75.0 %  0.688
            better against half: 4 fixed, 1 broken, p = 0.375 (exact McNemar)

            """.ReplaceLineEndings("\n"), text);
    }
}
