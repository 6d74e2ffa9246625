using FinIntent.Calibration;
using static FinIntent.Evaluation.Reports.NumberText;
using static FinIntent.Evaluation.Reports.TrustWords;

namespace FinIntent.Evaluation.Reports;

/// <summary>How far probabilities can be trusted, and what is done with questions out of scope.</summary>
static class TrustTables
{
    /// <summary>A row for each model: what is gained when the least sure answers are withheld.</summary>
    public static IReadOnlyList<Column<RiskCoverage>> CurveColumns { get; } =
    [
        new(Area, "n", c => FormattableString.Invariant($"{c.Area:0.0000}")) { Json = ("aurc", c => ReportJson.Number(c.Area)) },
        .. TrustReport.Coverages.Select(share => new Column<RiskCoverage>(AccuracyAt(share), "n", c => Percent(c.AccuracyAt(share)))),
        .. TrustReport.Accuracies.Select(least => new Column<RiskCoverage>(CoverageAt(least), "n", c => Percent(c.CoverageAt(least)))),
    ];

    /// <summary>What is said of probabilities, with the error that true ones would have.</summary>
    public static IReadOnlyList<Column<TrustedProbabilities>> ProbabilityColumns { get; } =
    [
        .. ModelTables.Scores.Select(c => new Column<TrustedProbabilities>(c.Heading, c.Class, p => c.CellOf(p.Scores))
            { Json = c.Json is var (key, valueOf) ? (key, p => valueOf(p.Scores)) : null }),
        new(ExpectedError, "n", p => Three(p.ExpectedError)) { Json = ("ece_if_true", p => ReportJson.Number(p.ExpectedError)) },
    ];

    static readonly Bilingual Probabilities = new("概率", "Probabilities");

    public static Table Curve(TrustReport trust) => Table.Of<(Bilingual Name, RiskCoverage Curve)>(Withholding, "",
    [
        new(Probabilities, "row", r => r.Name),
        .. CurveColumns.Select(c => new Column<(Bilingual Name, RiskCoverage Curve)>(c.Heading, c.Class, r => c.CellOf(r.Curve))),
    ], [(trust.Calibrated is null ? Own : Calibrated, trust.Curve)]);

    public static Table BeforeAndAfter(TrustReport trust) => Table.Of<(Bilingual Name, TrustedProbabilities Values)>(BeforeAfter, "",
    [
        new(Probabilities, "row", r => r.Name),
        .. ProbabilityColumns.Select(c =>
            new Column<(Bilingual Name, TrustedProbabilities Values)>(c.Heading, c.Class, r => c.CellOf(r.Values))),
    ], trust.Calibrated is { } calibrated ? [(Own, trust.Own), (Calibrated, calibrated)] : [(Own, trust.Own)]);

    public static Table Sets(SetReport sets) => Table.Of<SetReport>(TrustWords.Sets, "",
    [
        new(HoldsRight, "n", s => new(Percent(s.Holding.Value)) { Note = Interval(s.Holding.Wilson95) }),
        new(MeanSize, "n", s => FormattableString.Invariant($"{s.MeanSize:0.00}")),
        new(Size(0), "n", s => $"{s.Sizes[0]}"),
        .. Enumerable.Range(1, SizesShown).Select(size =>
            new Column<SetReport>(Size(size), "n", s => $"{s.Sizes.ElementAtOrDefault(size)}")),
        new(Larger, "n", s => $"{s.Sizes.Skip(SizesShown + 1).Sum()}"),
    ], [sets]);

    const int SizesShown = 3;

    public static Table Abstention(AbstentionReport abstention) => Table.Of<AbstentionReport>(TrustWords.Abstention, "",
    [
        new(Answered, "n", a => new(Percent(a.Answered.Value)) { Note = Of(a.Answered) }),
        new(AccuracyOfAnswered, "n", a => new(Percent(a.Right.Value)) { Note = Interval(a.Right.Wilson95) }),
        new(WithheldLow, "n", a => $"{a.LowProbability}"),
        new(WithheldOut, "n", a => $"{a.OutOfScope}"),
    ], [abstention]);

    public static Table OutOfScope(OutOfScopeReport report) => Table.Of<OutOfScopeReport>(TrustWords.OutOfScope, "",
    [
        new(ReportWords.Count, "n", r => $"{r.Separation.OutOfScope}"),
        new("AUROC", "n", r => Three(r.Separation.AreaUnderCurve)),
        new(FalseShare, "n", r => Percent(r.Separation.FalseShare)),
        new(Found, "n", r => r.Found is { } found ? new Cell(Percent(found.Value)) { Note = Interval(found.Wilson95) } : Unknown),
        new(Passing, "n", r => r.Passing is { } passing ? new Cell(Percent(passing.Value)) { Note = Interval(passing.Wilson95) } : Unknown),
    ], [report]);

    /// <summary>All tables that a model has, in the order of reports.</summary>
    public static IEnumerable<Table> All(TrustReport trust)
    {
        yield return Curve(trust);
        yield return BeforeAndAfter(trust);
        if (trust.Sets is { } sets) yield return Sets(sets);
        if (trust.Abstention is { } abstention) yield return Abstention(abstention);
        if (trust.OutOfScope is { } outOfScope) yield return OutOfScope(outOfScope);
    }
}
