using FinIntent.Generation;

namespace FinIntent.Calibration.OutOfScope;

/// <summary>Names what tells that a question belongs to no intent.</summary>
enum OutOfScopeKind
{
    /// <summary>−ln of the highest probability that the model itself gives.</summary>
    Probability,
    /// <summary>−ln Σ exp(logit): how little the model wants to write any of the labels. https://arxiv.org/abs/2010.03759</summary>
    Energy,
    /// <summary>The distance of the last hidden state from the nearest intent's mean, by a shrunk covariance.
    /// https://arxiv.org/abs/1807.03888</summary>
    Mahalanobis,
    /// <summary>The cosine distance of the last hidden state from its k-th nearest row. https://arxiv.org/abs/2204.06507</summary>
    Neighbour,
    /// <summary>How much nearer the last hidden state is to the mean of the rows out of scope than to that of the nearest intent.</summary>
    Discriminant,
    /// <summary>The log-odds of the intent that stands for "none of the others".</summary>
    NoneIntent,
}

/// <summary>A number that is high for questions out of scope. It is immutable, and any thread may use it.</summary>
abstract record OutOfScopeScore(OutOfScopeKind Kind)
{
    public abstract double Of(OptionReading reading);

    /// <summary>Makes a score; null where the rows do not allow one of its kind.</summary>
    /// <param name="rows">Rows in scope.</param>
    /// <param name="outOfScope">Rows out of scope, which only <see cref="OutOfScopeKind.Discriminant"/> learns from.</param>
    /// <param name="noneOption">The option that stands for "none of the others".</param>
    public static OutOfScopeScore? Fit(
        OutOfScopeKind kind, IReadOnlyList<CalibrationRow> rows, IReadOnlyList<OptionReading> outOfScope, int? noneOption) => kind switch
        {
            OutOfScopeKind.Probability => new ProbabilityScore(),
            OutOfScopeKind.Energy => new EnergyScore(),
            OutOfScopeKind.Mahalanobis => StateScore.Fit(rows, []),
            OutOfScopeKind.Neighbour => NeighbourScore.Fit([.. rows.Select(row => row.Reading.State)]),
            OutOfScopeKind.Discriminant => outOfScope.Count < 2 ? null : StateScore.Fit(rows, outOfScope),
            OutOfScopeKind.NoneIntent => noneOption is { } none ? new NoneIntentScore(none) : null,
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
}

sealed record ProbabilityScore() : OutOfScopeScore(OutOfScopeKind.Probability)
{
    public override double Of(OptionReading reading) =>
        LogitScaling.LossOf(reading.Logits, Array.IndexOf(reading.Logits, reading.Logits.Max()));
}

sealed record EnergyScore() : OutOfScopeScore(OutOfScopeKind.Energy)
{
    public override double Of(OptionReading reading)
    {
        var highest = reading.Logits.Max();
        return -highest - Math.Log(reading.Logits.Sum(l => Math.Exp(l - highest)));
    }
}

/// <param name="Option">The option that stands for "none of the others".</param>
sealed record NoneIntentScore(int Option) : OutOfScopeScore(OutOfScopeKind.NoneIntent)
{
    public override double Of(OptionReading reading)
    {
        double[] others = [.. reading.Logits.Where((_, k) => k != Option)];
        var highest = others.Max();
        return reading.Logits[Option] - highest - Math.Log(others.Sum(l => Math.Exp(l - highest)));
    }
}
