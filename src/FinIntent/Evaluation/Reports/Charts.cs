using static System.FormattableString;

namespace FinIntent.Evaluation.Reports;

/// <summary>The drawings of a report as SVG. Screen readers do not see them, for what they show stands beside them as numbers.</summary>
static class Charts
{
    const int Side = 240;
    const int Left = 34;
    const int Bottom = 30;

    /// <summary>The scale of a column of intervals.</summary>
    public const string Axis = """<span class="axis" aria-hidden="true"><span>0</span><span>50</span><span>100 %</span></span>""";

    /// <summary>Draws an interval on a line from 0 to 1, with a dashed mark. It fills its place; strokes keep their width.</summary>
    public static string Interval(Proportion accuracy, double mark)
    {
        var (low, high) = accuracy.Wilson95;
        var ticks = string.Concat(Enumerable.Range(0, 5).Select(i => $"M{25 * i} 3V21"));
        return "<svg class=\"interval\" viewBox=\"0 0 100 24\" preserveAspectRatio=\"none\" aria-hidden=\"true\">" +
            $"<path class=\"tick\" d=\"{ticks}\"/><path class=\"range\" d=\"M{X(low)} 12H{X(high)}\"/>" +
            (double.IsNaN(mark) ? "" : $"<path class=\"mark\" d=\"M{X(mark)} 1V23\"/>") +
            (accuracy.Trials == 0 ? "" : $"<path class=\"dot\" d=\"M{X(accuracy.Value)} 12h0\"/>") + "</svg>";

        static string X(double share) => Coordinate(100 * share);
    }

    /// <summary>Draws accuracy over confidence: a dot with an interval for each bin; on the diagonal confidence is right.</summary>
    public static string Reliability(ProbabilityScores scores)
    {
        var svg = new Html()
            .Raw($"<svg class=\"reliability\" viewBox=\"0 0 {Left + Side + 12} {Side + Bottom + 12}\" aria-hidden=\"true\">");
        for (var i = 0; i <= 4; i++)
        {
            var share = i / 4.0;
            svg.Raw($"<path class=\"tick\" d=\"M{X(0)} {Y(share)}H{X(1)}M{X(share)} {Y(0)}V{Y(1)}\"/>")
                .Raw($"<text class=\"label end\" x=\"{Left - 5}\" y=\"{Coordinate(Side * (1 - share) + 12)}\">{25 * i}</text>")
                .Raw($"<text class=\"label middle\" x=\"{X(share)}\" y=\"{Side + 22}\">{25 * i}</text>");
        }
        svg.Raw($"<path class=\"mark\" d=\"M{X(0)} {Y(0)}L{X(1)} {Y(1)}\"/>");
        foreach (var bin in scores.Bins.Where(b => b.Correct.Trials > 0))
        {
            var (low, high) = bin.Correct.Wilson95;
            var radius = Coordinate(3 + 7 * Math.Sqrt((double)bin.Correct.Trials / scores.Bins.Sum(b => b.Correct.Trials)));
            svg.Raw($"<path class=\"whisker\" d=\"M{X(bin.Confidence)} {Y(low)}V{Y(high)}\"/>")
                .Raw($"<circle class=\"value\" cx=\"{X(bin.Confidence)}\" cy=\"{Y(bin.Correct.Value)}\" r=\"{radius}\"/>");
        }
        (string, string)[] axes = [("平均置信度 %，纵轴为准确率 %", "zh"), ("mean confidence %, upwards accuracy %", "en")];
        foreach (var (words, language) in axes)
            svg.Raw($"<text class=\"label middle {language}\" x=\"{Left + Side / 2}\" y=\"{Side + 38}\">{words}</text>");
        return svg.Raw("</svg>").ToString();

        static string X(double share) => Coordinate(Left + Side * share);

        static string Y(double share) => Coordinate(8 + Side * (1 - share));
    }

    /// <summary>Draws risk over coverage, as high as the highest risk; the dashed line is the risk of answering all.</summary>
    public static string RiskCoverage(RiskCoverage curve)
    {
        var top = Math.Max(0.01, curve.Points.Select(p => p.Risk).DefaultIfEmpty(0).Max());
        var svg = new Html()
            .Raw($"<svg class=\"reliability\" viewBox=\"0 0 {Left + Side + 12} {Side + Bottom + 12}\" aria-hidden=\"true\">");
        for (var i = 0; i <= 4; i++)
        {
            var share = i / 4.0;
            svg.Raw($"<path class=\"tick\" d=\"M{X(0)} {Y(share * top)}H{X(1)}M{X(share)} {Y(0)}V{Y(top)}\"/>")
                .Raw($"<text class=\"label end\" x=\"{Left - 5}\" y=\"{Coordinate(Side * (1 - share) + 12)}\">")
                .Raw(Invariant($"{100 * share * top:0.#}</text>"))
                .Raw($"<text class=\"label middle\" x=\"{X(share)}\" y=\"{Side + 22}\">{25 * i}</text>");
        }
        if (curve.Points.Count == 0) return svg.Raw("</svg>").ToString();
        svg.Raw($"<path class=\"mark\" d=\"M{X(0)} {Y(curve.Points[^1].Risk)}H{X(1)}\"/>");
        var line = string.Join('L', curve.Points.Select(p => $"{X(p.Coverage)} {Y(p.Risk)}"));
        return svg.Raw($"<path class=\"whisker\" fill=\"none\" d=\"M{line}\"/></svg>").ToString();

        static string X(double share) => Coordinate(Left + Side * share);
        string Y(double risk) => Coordinate(8 + Side * (1 - risk / top));
    }

    /// <summary>How many orders have which accuracy, a bar for each number of right answers.</summary>
    public static string Spread(IReadOnlyList<Proportion> byOrder)
    {
        const int width = 480, height = 80, top = 8;
        var groups = byOrder.CountBy(order => order.Value).OrderBy(group => group.Key).ToList();
        var most = groups.Max(group => group.Value);
        var svg = new Html().Raw($"<svg class=\"spread\" viewBox=\"0 0 {width + 2 * Left} {height + Bottom}\" aria-hidden=\"true\">");
        for (var i = 0; i <= 4; i++)
            svg.Raw($"<path class=\"tick\" d=\"M{X(i / 4.0)} {top}V{top + height}\"/>")
                .Raw($"<text class=\"label middle\" x=\"{X(i / 4.0)}\" y=\"{top + height + 16}\">{25 * i} %</text>");
        // As wide as a question, so that bars of neighbours touch and do not overlap; still visible among a thousand.
        var half = Math.Max(1, width / 2.0 / byOrder[0].Trials);
        foreach (var (accuracy, count) in groups)
        {
            var (x, y) = (Coordinate(Left + width * accuracy - half), Coordinate(top + height * (1 - (double)count / most)));
            svg.Raw($"<rect class=\"value\" x=\"{x}\" y=\"{y}\" width=\"{Coordinate(2 * half)}\" ")
                .Raw($"height=\"{Coordinate((double)height * count / most)}\"/>");
        }
        return svg.Raw("</svg>").ToString();

        static string X(double share) => Coordinate(Left + width * share);
    }

    /// <summary>A share as a bar, in a table's cell.</summary>
    public static string Bar(double share) => double.IsNaN(share) ? ""
        : """<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><path class="tick" d="M0 8H100"/>""" +
            $"<rect class=\"value\" width=\"{Coordinate(100 * share)}\" height=\"8\"/></svg>";

    static string Coordinate(double value) => Invariant($"{value:0.##}");
}
