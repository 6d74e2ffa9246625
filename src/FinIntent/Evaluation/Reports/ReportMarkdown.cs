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
            else if ("\\`*_[]<>#|~&$".Contains(c)) escaped.Append('\\').Append(c);
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
            Heading(1, ReportWords.Title);
            Paragraph(ReportWords.Lead(report));
            if (report.HasStudy) Study();
            Section(ReportWords.Results, ReportTables.Results(report));
            if (report.HasSpread) Section(ReportWords.Spread, ReportTables.Spread(report));
            foreach (var note in ReportWords.Notes(report)) Paragraph(note);
            if (report.Rules.Count > 1) Section(ReportWords.ByRule, ReportTables.AccuracyByRule(report));
            if (report.Pairs.Count > 0) Section(ReportWords.Pairs, ReportTables.Pairs(report), ReportWords.AboutPairs);
            foreach (var pair in MainPairs()) Changes(pair);
            if (report.Models.Any(m => m.Robustness is not null)) Robustness();
            if (report.Models.Count > 1) Unsolved();
            Heading(2, ReportWords.Details);
            foreach (var model in report.Models) Details(model);
            Heading(2, ReportWords.HowToRead);
            var colon = language == Language.Chinese ? "：" : ": ";
            foreach (var (term, meaning) in ReportWords.Glossary) _text.Append($"- **{In(term)}**{colon}{Escape(In(meaning))}\n");
            return _text.ToString();
        }

        void Study()
        {
            Section(ReportWords.Study, ReportTables.Study(report));
            Paragraph(ReportWords.AboutStudy);
            foreach (var group in report.Groups.Where(g => g.Failure is not null)) Paragraph(ReportWords.NotFinished(group));
        }

        /// <summary>Each pair once, by the rule that says most.</summary>
        IEnumerable<PairReport> MainPairs() => report.Pairs.GroupBy(p => (p.A, p.B)).Select(g =>
            g.First(p => p.Rule == (report.MainRule ?? Comparison.CommonRule([report.Models[p.A], report.Models[p.B]]) ?? p.Rule)));

        void Changes(PairReport pair)
        {
            var changes = ReportTables.Changes(report, pair);
            if (changes.Rows.Count == 0) return;
            Heading(3, $"{report.Models[pair.A].Name} → {report.Models[pair.B].Name} ({In(ReportWords.Rule(pair.Rule))})");
            Table(changes with { Rows = [.. changes.Rows.Take(ShownChanges)] });
            var more = changes.Rows.Count - ShownChanges;
            if (more > 0) Paragraph(new($"另有 {more} 题，见 report.html。", $"{more} more are in report.html."));
        }

        void Unsolved()
        {
            Heading(2, ReportWords.Unsolved);
            var unsolved = ReportTables.Unsolved(report);
            Paragraph(unsolved.Caption);
            if (unsolved.Rows.Count == 0) Paragraph(ReportWords.None);
            else Table(unsolved);
        }

        void Robustness()
        {
            Heading(2, RobustnessWords.Title);
            Paragraph(RobustnessWords.About);
            foreach (var model in report.Models)
                if (model.Robustness is { } orders) Robustness(model, orders, orders.Main(report.MainRule ?? model.Main.Rule));
        }

        void Robustness(ModelReport model, RobustnessReport robustness, RuleRobustness main)
        {
            Heading(3, model.Name);
            Paragraph(RobustnessWords.Lead(robustness, main));
            Table(RobustnessTables.Orders(robustness));
            Table(RobustnessTables.Places(main));
            if (main.Averaged is { } averaged) Table(RobustnessTables.Probabilities(averaged));
            if (main.Changing.Count == 0) return;
            Paragraph(RobustnessWords.Changing);
            Table(RobustnessTables.Questions(main));
            if (RobustnessWords.More(main) is { } more) Paragraph(more);
        }

        void Details(ModelReport model)
        {
            Heading(3, model.Name);
            foreach (var (name, value) in ModelTables.Figures(model)) _text.Append($"- {Escape(In(name))}: {value}\n");
            if (ModelTables.Figures(model).Any()) _text.Append('\n');
            foreach (var rule in model.Rules)
            {
                Heading(4, $"{model.Name}, {In(ReportWords.Rule(rule.Rule))}");
                Table(ModelTables.Classes(model, rule.Matrix));
                if (rule.Matrix.IsWide)
                {
                    Paragraph(ReportWords.Confusions);
                    Table(ModelTables.Confusion(model, rule.Matrix));
                }
                if (rule.Probabilities is { } scores) Table(ModelTables.Reliability(scores));
            }
        }

        void Heading(int level, Bilingual words) => _text.Append($"{new string('#', level)} {Escape(In(words))}\n\n");

        void Paragraph(Bilingual words) => _text.Append(Escape(In(words))).Append("\n\n");

        void Section(Bilingual heading, Table table, Bilingual? about = null)
        {
            Heading(2, heading);
            if (about is { } words) Paragraph(words);
            Table(table);
        }

        void Table(Table table)
        {
            var (_, _, columns, rows) = table.For(Shown.Markdown);
            Row(columns.Select(c => Escape(In(c.Heading))));
            Row(columns.Select(c => c.IsNumber ? "---:" : "---"));
            foreach (var row in rows) Row(row.Select(cell => Escape(cell.In(language))));
            _text.Append('\n');
        }

        void Row(IEnumerable<string> cells) => _text.Append("| ").Append(string.Join(" | ", cells)).Append(" |\n");
    }
}
