namespace FinIntent.Evaluation;

/// <summary>How the share of wrong answers falls when only the surest are given.</summary>
/// <remarks>
/// R. El-Yaniv, Y. Wiener, 2010, https://jmlr.org/papers/v11/el-yaniv10a.html. Answers that are equally sure are given together; between
/// the ends of such
/// a group its errors count as spread evenly, which is their mean over all orders of the group.
/// </remarks>
/// <param name="Points">From the surest answers to all: the share that is given, and the share of these that is wrong.</param>
/// <param name="Area">AURC: the mean of the risks at 1, 2, … answers; NaN without answers.</param>
sealed record RiskCoverage(IReadOnlyList<(double Coverage, double Risk)> Points, double Area)
{
    // Accuracies are quotients of whole numbers, so a difference of this size is rounding.
    const double Rounding = 1e-12;

    readonly double[] _errors = [];

    RiskCoverage(IReadOnlyList<(double, double)> points, double[] errors) : this(points, Mean(errors)) => _errors = errors;

    /// <param name="answers">How sure each answer is, and whether it is right.</param>
    public static RiskCoverage Of(IReadOnlyList<(double Confidence, bool IsRight)> answers)
    {
        var sorted = answers.OrderByDescending(a => a.Confidence).ToList();
        List<(double, double)> points = [];
        var (errors, before, start) = (new double[sorted.Count], 0.0, 0);
        while (start < sorted.Count)
        {
            var end = start;
            while (end < sorted.Count && sorted[end].Confidence == sorted[start].Confidence) end++;
            var wrong = Enumerable.Range(start, end - start).Count(i => !sorted[i].IsRight);
            for (var i = start; i < end; i++) errors[i] = before + (double)wrong * (i + 1 - start) / (end - start);
            before += wrong;
            points.Add(((double)end / sorted.Count, before / end));
            start = end;
        }
        return new(points, errors);
    }

    /// <summary>Returns the accuracy of the surest answers, so many that they are at least this share of all.</summary>
    public double AccuracyAt(double coverage)
    {
        if (_errors.Length == 0) return double.NaN;
        var given = Math.Clamp((int)Math.Ceiling(coverage * _errors.Length - 1e-9), 1, _errors.Length);
        return 1 - _errors[given - 1] / given;
    }

    /// <summary>Returns the largest share of answers that can be given with at least this accuracy; 0 where even the surest are
    /// worse.</summary>
    public double CoverageAt(double accuracy) =>
        Points.Where(p => 1 - p.Risk >= accuracy - Rounding).Select(p => p.Coverage).DefaultIfEmpty(0).Max();

    static double Mean(double[] errors) =>
        errors.Length == 0 ? double.NaN : errors.Select((e, i) => e / (i + 1)).Average();
}
