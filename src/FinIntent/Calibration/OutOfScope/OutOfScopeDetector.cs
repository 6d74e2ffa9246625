using FinIntent.Generation;

namespace FinIntent.Calibration.OutOfScope;

/// <summary>Says how well a score does on rows that it was not fitted on.</summary>
sealed record OutOfScopeCandidate(OutOfScopeKind Kind, Separation Separation);

/// <summary>Holds the score that tells questions out of scope, and above which value a question is taken for one.</summary>
/// <param name="Threshold">Infinite where the rows in scope are too few for the share that was asked for.</param>
/// <param name="InScopeKept">The share of questions in scope that pass, as it was asked for.</param>
/// <param name="Candidates">All scores that were tried, in the order of <see cref="OutOfScopeKind"/>.</param>
sealed record OutOfScopeDetector(
    OutOfScopeScore Score, double Threshold, double InScopeKept, IReadOnlyList<OutOfScopeCandidate> Candidates)
{
    /// <summary>Fewer rows on either side would choose by chance.</summary>
    public const int FewestRows = 10;

    const int Folds = 10;

    /// <summary>Chooses the score with the highest cross-validated AUROC, the simpler one among equals.</summary>
    /// <remarks>
    /// Each fold's rows, in scope and out of it, are scored by what was fitted on the other folds. The threshold is a conformal quantile
    /// of those
    /// scores of the rows in scope, and the score that is kept is fitted on all rows.
    /// </remarks>
    public static OutOfScopeDetector Choose(
        IReadOnlyList<CalibrationRow> inScope, IReadOnlyList<OptionReading> outOfScope, int? noneOption, double inScopeKept)
    {
        var (folds, outFolds) = (CalibrationFolds.Of([.. inScope.Select(r => r.Gold)], Folds),
            CalibrationFolds.Of([.. outOfScope.Select(_ => (int?)null)], Folds));
        List<(OutOfScopeCandidate Candidate, double[] InScope)> tried = [];
        foreach (var kind in Enum.GetValues<OutOfScopeKind>())
            if (Held(kind) is var (inside, outside)) tried.Add((new(kind, Separation.Of(inside, outside)), inside));
        var (best, scores) = tried.MaxBy(t => t.Candidate.Separation.AreaUnderCurve);
        var threshold = Quantiles.Conformal([.. scores.Order()], inScopeKept);
        return new(OutOfScopeScore.Fit(best.Kind, inScope, outOfScope, noneOption)!, threshold, inScopeKept,
            [.. tried.Select(t => t.Candidate)]);

        (double[] InScope, double[] OutOfScope)? Held(OutOfScopeKind kind)
        {
            var (inside, outside) = (new double[inScope.Count], new double[outOfScope.Count]);
            for (var f = 0; f < folds.Count; f++)
            {
                var score = OutOfScopeScore.Fit(kind, [.. folds[f].Fitted.Select(i => inScope[i])],
                    [.. outFolds[f].Fitted.Select(i => outOfScope[i])], noneOption);
                if (score is null) return null;
                foreach (var i in folds[f].Held) inside[i] = score.Of(inScope[i].Reading);
                foreach (var i in outFolds[f].Held) outside[i] = score.Of(outOfScope[i]);
            }
            return (inside, outside);
        }
    }

    public bool IsOutOfScope(double score) => score > Threshold;
}
