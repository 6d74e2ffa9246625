using System.Text;

namespace FinIntent.Evaluation.Reports;

/// <summary>A report as Markdown, in one language.</summary>
public static class ReportMarkdown
{
    const int ShownChanges = 100;

    public static string Of(Comparison report, Language language) => new Writer(report, language).Write();

    /// <summary>Untrusted text in a cell or a heading: nothing in it is markup, and it stays on its line.</summary>
    internal static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text.ReplaceLineEndings("\n"))
        {
            if (c == '\n') escaped.Append("<br>");
            else if (char.IsControl(c)) escaped.Append(' ');
            else if (c is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '#' or '|' or '~' or '&' or '$') escaped.Append('\\').Append(c);
            else escaped.Append(c);
        }
        return escaped.ToString();
    }

    sealed class Writer(Comparison report, Language language)
    {
        readonly StringBuilder _text = new();

        string In(Bilingual words) => words.In(language);

        public string Write()
        {
            Heading(1, Words.Title);
            Paragraph(Words.Lead(report));
            if (report.Groups.Any(g => g.Base is not null || g.Failure is not null)) Study();
            Results();
            if (report.Groups.Any(g => g.Runs.Count > 1)) Spread();
            foreach (var note in Words.Notes(report)) Paragraph(note);
            if (report.Rules.Count > 1) ByRule();
            if (report.Pairs.Count > 0) Pairs();
            foreach (var pair in MainPairs()) Changes(pair);
            if (report.Models.Any(m => m.Robustness is not null)) Robustness();
            if (report.Models.Count > 1) Unsolved();
            Heading(2, Words.Details);
            foreach (var model in report.Models) Details(model);
            Heading(2, Words.HowToRead);
            foreach (var (term, meaning) in Words.Glossary) _text.Append($"- **{In(term)}**{(language == Language.Chinese ? "：" : ": ")}{Escape(In(meaning))}\n");
            return _text.ToString();
        }

        void Results()
        {
            Heading(2, Words.Results);
            Table([Words.Model, Words.Reading, Words.Right, Words.Accuracy, Words.Interval, Words.MacroF1], 2, report.Models.Select(model =>
            {
                var rule = report.MainRule is { } main ? model[main]! : model.Main;
                var accuracy = rule.Matrix.Accuracy;
                return (string[])[Escape(model.Name), In(Words.Rule(rule.Rule)), Numbers.Of(accuracy), Numbers.Percent(accuracy.Value), Numbers.Interval(accuracy.Wilson95), Numbers.Percent(rule.Matrix.MacroF1)];
            }));
        }

        void Study()
        {
            Heading(2, Words.Study);
            var rows = StudyTable.Of(report).ToList();
            Table([.. StudyTable.Header], 1, rows.Select(r => (string[])[Escape(r.Name), Escape(r.Base), Escape(r.Tuned), r.Change, r.Runs, Escape(r.P)]));
            Paragraph(Words.AboutStudy);
            foreach (var row in rows.Where(r => r.Failure is not null)) Paragraph(new($"{In(Words.Failure)}：{row.Name}：{row.Failure}", $"{In(Words.Failure)}: {row.Name}: {row.Failure}"));
        }

        void Spread()
        {
            Heading(2, Words.Spread);
            Table([Words.Model, Words.Runs, Words.Mean, Words.Deviation, Words.Range, Words.Unsteady], 1, RunSpread.RowsOf(report).Select(row => row.Select(Escape).ToArray()));
        }

        void ByRule()
        {
            Heading(2, Words.ByRule);
            Table([Words.Model, .. report.Rules.Select(Words.Rule)], 1, report.Models.Select(model => (string[])[Escape(model.Name), .. report.Rules.Select(rule =>
                model[rule]?.Matrix.Accuracy is { } accuracy ? $"{Numbers.Percent(accuracy.Value)} ({Numbers.Interval(accuracy.Wilson95)})" : Numbers.Unknown)]));
        }

        void Pairs()
        {
            Heading(2, Words.Pairs);
            Paragraph(Words.AboutPairs);
            Table([Words.From, Words.To, Words.Reading, Words.Count, Words.Fixed, Words.Broken, Words.Change, Words.P, Words.PHolm, Words.Verdict], 3, report.Pairs.Select(p =>
                (string[])[NameOf(p.A), NameOf(p.B), In(Words.Rule(p.Rule)), $"{p.Count}", $"{p.Fixed}", $"{p.Broken}", Numbers.Points((double)(p.Fixed - p.Broken) / p.Count),
                    Numbers.P(p.P), Numbers.P(p.PHolm), Escape(In(Words.VerdictOf(report, p)))]), numbers: 6);
        }

        /// <summary>Each pair once, by the rule that says most.</summary>
        IEnumerable<PairReport> MainPairs() => report.Pairs.GroupBy(p => (p.A, p.B)).Select(g =>
            g.First(p => p.Rule == (report.MainRule ?? Comparison.CommonRule([report.Models[p.A], report.Models[p.B]]) ?? p.Rule)));

        void Changes(PairReport pair)
        {
            var (a, b) = (report.Models[pair.A], report.Models[pair.B]);
            var (ruleA, ruleB) = (a[pair.Rule]!, b[pair.Rule]!);
            var changed = report.Overlaps.First(o => (o.A, o.B) == (pair.A, pair.B)).Common
                .Select(c => (c.A, c.B, RightA: Comparison.IsRight(a, ruleA, c.A), RightB: Comparison.IsRight(b, ruleB, c.B)))
                .Where(c => c.RightA != c.RightB).OrderBy(c => c.RightA).ToList();
            if (changed.Count == 0) return;
            _text.Append($"### {NameOf(pair.A)} → {NameOf(pair.B)} ({In(Words.Rule(pair.Rule))})\n\n");
            Table([Words.State, "id", Words.Question, Words.Gold, Escape(a.Name), Escape(b.Name)], 6, changed.Take(ShownChanges).Select(c =>
            {
                var p = a.Predictions[c.A];
                return (string[])[In(c.RightB ? Words.Fixed : Words.Broken), Escape(p.Id), Escape(p.Question), Escape(Comparison.Label(p, p.Gold)), AnswerOf(a, ruleA, c.A), AnswerOf(b, ruleB, c.B)];
            }));
            if (changed.Count > ShownChanges)
                Paragraph(new($"另有 {changed.Count - ShownChanges} 题，见 report.html。", $"{changed.Count - ShownChanges} more are in report.html."));
        }

        string AnswerOf(ModelReport model, RuleReport rule, int i) =>
            rule.Choices[i] is { } letter ? Escape(Comparison.Label(model.Predictions[i], letter)) : In(Words.Unreadable);

        void Unsolved()
        {
            Heading(2, Words.Unsolved);
            var rule = report.MainRule ?? report.Models[0].Main.Rule;
            Paragraph(Words.Rule(rule));
            var unsolved = report.Unsolved.Where(q => q.Rule == rule).ToList();
            if (unsolved.Count == 0) Paragraph(Words.None);
            else Table(["id", Words.Question, Words.Gold, Words.Asked], 3, unsolved.Select(q => (string[])[Escape(q.Id), Escape(q.Question), Escape(q.Gold), $"{q.Asked}"]));
        }

        void Robustness()
        {
            Heading(2, RobustnessWords.Title);
            Paragraph(RobustnessWords.About);
            foreach (var model in report.Models)
                if (model.Robustness is { } robustness) Robustness(model, robustness, robustness[report.MainRule ?? model.Main.Rule] ?? robustness.Rules[^1]);
        }

        void Robustness(ModelReport model, RobustnessReport robustness, RuleRobustness main)
        {
            _text.Append($"### {Escape(model.Name)}\n\n");
            Paragraph(RobustnessWords.Lead(robustness, main));
            Table([Words.Reading, RobustnessWords.Mean, Words.Interval, RobustnessWords.Own, RobustnessWords.Worst, RobustnessWords.Best, RobustnessWords.Unchanged,
                RobustnessWords.UnchangedRight, RobustnessWords.Majority, RobustnessWords.Averaged, RobustnessWords.TotalVariation], 1, robustness.Rules.Select(rule =>
                (string[])[In(Words.Rule(rule.Rule)), Numbers.Percent(rule.Mean.Value), Numbers.Interval(rule.Mean.Interval95), Numbers.Percent(rule.ByOrder[0].Value), OrderOf(rule, rule.Worst), OrderOf(rule, rule.Best),
                    $"{Numbers.Percent(rule.Unchanged.Value)} ({Numbers.Interval(rule.Unchanged.Wilson95)})", $"{rule.UnchangedRight}/{rule.Unchanged.Successes}", Numbers.Percent(rule.Majority.Value),
                    rule.Averaged is { } averaged ? Numbers.Percent(averaged.Accuracy.Value) : Numbers.Unknown, Numbers.Percent(rule.TotalVariation)]));
            Table([RobustnessWords.Letter, RobustnessWords.Chosen, RobustnessWords.GoldThere, RobustnessWords.Difference, Words.Interval, RobustnessWords.WhenGold, ""], 1, main.Places.Select(p =>
                (string[])[Escape(p.Label), Numbers.Percent(p.Chosen.Value), Numbers.Percent(p.Gold.Value), Numbers.Points(p.Difference), Numbers.PointsInterval(p.Interval95), Numbers.Percent(p.WhenGold.Value), Numbers.Bar(p.WhenGold.Value)]), numbers: 5);
            if (main.Averaged is { } a)
                Table([RobustnessWords.Kind, Words.LogLoss, Words.Brier, Words.CalibrationError], 1, [ScoresOf(RobustnessWords.Single, a.Single), ScoresOf(RobustnessWords.OverOrders, a.Scores)]);
            if (main.Changing.Count == 0) return;
            Paragraph(RobustnessWords.Changing);
            Table(["id", Words.Question, Words.Gold, RobustnessWords.RightOrders, RobustnessWords.Votes], 3, main.Changing.Take(HtmlRobustness.MostQuestions).Select(q =>
                (string[])[Escape(q.Id), Escape(q.Question), Escape(q.Gold), Numbers.Of(q.Right), Escape(In(RobustnessWords.VotesOf(q)))]), numbers: 1);
            if (main.Changing.Count > HtmlRobustness.MostQuestions) Paragraph(RobustnessWords.More(main.Changing.Count - HtmlRobustness.MostQuestions));

            string[] ScoresOf(Bilingual kind, ProbabilityScores scores) => [In(kind), Numbers.Three(scores.LogLoss), Numbers.Three(scores.Brier), Numbers.Three(scores.CalibrationError)];

            string OrderOf(RuleRobustness rule, int order) => $"{Numbers.Percent(rule.ByOrder[order].Value)} ({Escape(robustness.Orders[order])})";
        }

        void Details(ModelReport model)
        {
            _text.Append($"### {Escape(model.Name)}\n\n");
            if (model.Scored?.Probabilities is { } scores)
                Paragraph($"{In(Words.LogLoss)} {Numbers.Three(scores.LogLoss)}, {In(Words.Brier)} {Numbers.Three(scores.Brier)}, {In(Words.CalibrationError)} {Numbers.Three(scores.CalibrationError)}");
            if (model.Disagreements is { } differ) Paragraph($"{In(Words.Disagreements)}: {Numbers.Of(differ)}");
            if (model.SecondsPerQuestion is { } seconds) Paragraph($"{In(Words.SecondsPerQuestion)}: {Numbers.Three(seconds)}");
            foreach (var rule in model.Rules) Details(model, rule);
        }

        void Details(ModelReport model, RuleReport rule)
        {
            _text.Append($"#### {Escape(model.Name)}, {In(Words.Rule(rule.Rule))}\n\n");
            var classes = rule.Matrix.PerClass;
            var columns = rule.Matrix.IsWide ? 0 : classes.Count + 1;
            Table([Words.Class, Words.Count, Words.Precision, Words.Recall, Words.F1, .. columns == 0 ? [] : (Bilingual[])[.. classes.Select(c => (Bilingual)Escape(c.Class)), Words.Unreadable]], 1, classes.Select((c, gold) =>
                (string[])[Escape(NameOf(model, gold)), $"{c.Count}", Numbers.Percent(c.Precision), Numbers.Percent(c.Recall), Numbers.Percent(c.F1),
                    .. Enumerable.Range(0, columns).Select(answer => $"{rule.Matrix[gold, answer]}")]));
            if (columns == 0)
            {
                Paragraph(Words.Confusions);
                Table([Words.Gold, Words.Answer, Words.Count], 2, rule.Matrix.Confusions.Take(ReportText.MostConfusions).Select(c =>
                    (string[])[Escape(classes[c.Gold].Class), c.Answer is { } answer ? Escape(classes[answer].Class) : In(Words.Unreadable), $"{c.Count}"]));
            }
            if (rule.Probabilities is not { } scores) return;
            Table([Words.Bin, Words.Count, Words.Confidence, Words.Accuracy, Words.Interval], 1, scores.Bins.Where(b => b.Correct.Trials > 0).Select(b =>
                (string[])[Numbers.Interval((b.Low, b.High)), $"{b.Correct.Trials}", Numbers.Percent(b.Confidence), Numbers.Percent(b.Correct.Value), Numbers.Interval(b.Correct.Wilson95)]));
        }

        static string NameOf(ModelReport model, int i) => model.Classes[i] is var (label, intent) && label != intent ? $"{label} {intent}" : model.Classes[i].Label;

        string NameOf(int model) => Escape(report.Models[model].Name);

        void Heading(int level, Bilingual words) => _text.Append($"{new string('#', level)} {In(words)}\n\n");

        void Paragraph(Bilingual words) => _text.Append(Escape(In(words))).Append("\n\n");

        /// <summary>Cells are escaped already. The first columns hold words, then come numbers.</summary>
        void Table(IReadOnlyList<Bilingual> header, int words, IEnumerable<string[]> rows, int numbers = int.MaxValue)
        {
            Row(header.Select(In));
            Row(header.Select((_, i) => i < words || i - words >= numbers ? "---" : "---:"));
            foreach (var row in rows) Row(row);
            _text.Append('\n');
        }

        void Row(IEnumerable<string> cells) => _text.Append("| ").Append(string.Join(" | ", cells)).Append(" |\n");
    }
}
