using FinIntent.Calibration;

namespace FinIntent.Evaluation;

/// <summary>How far one model's probabilities can be trusted, and what it does with questions out of scope.</summary>
/// <param name="Curve">By the calibrated probabilities where there are some, else by the model's own.</param>
/// <param name="Own">How good the model's own probabilities are.</param>
/// <param name="Calibrated">How good the calibrated ones are; null without a calibration.</param>
/// <param name="Sets">Null where the predictions have none.</param>
/// <param name="Abstention">Null where no prediction says whether it is withheld.</param>
/// <param name="OutOfScope">Null without questions out of scope.</param>
sealed record TrustReport(RiskCoverage Curve, TrustedProbabilities Own, TrustedProbabilities? Calibrated, SetReport? Sets,
    AbstentionReport? Abstention, OutOfScopeReport? OutOfScope)
{
    /// <summary>The shares of answers at which accuracy is told, and the accuracies at which the share is.</summary>
    public static IReadOnlyList<double> Coverages { get; } = [0.8, 0.9, 0.95];

    public static IReadOnlyList<double> Accuracies { get; } = [0.95, 0.98];

    /// <param name="predictions">Predictions with probabilities and gold answers.</param>
    /// <param name="outOfScope">Predictions without gold answers.</param>
    public static TrustReport Of(IReadOnlyList<Prediction> predictions, IReadOnlyList<Prediction> outOfScope)
    {
        List<Prediction> all = [.. predictions, .. outOfScope];
        var isCalibrated = predictions.Count > 0 && predictions.All(p => p.Calibrated is not null);
        var curve = RiskCoverage.Of([.. predictions.Select(p => (p.Trusted!.Values.Max(), IsRight(p, p.Trusted!)))]);
        List<Prediction> inside = [.. predictions.Where(p => p.OutOfScope != true)];
        List<Prediction> outside = [.. all.Where(p => p.OutOfScope == true)];
        return new(curve, TrustedProbabilities.Of(predictions, p => p.Probabilities!),
            isCalibrated ? TrustedProbabilities.Of(predictions, p => p.Calibrated!) : null,
            predictions.Count > 0 && predictions.All(p => p.PredictionSet is not null) ? SetReport.Of(predictions) : null,
            predictions.Count > 0 && predictions.All(p => p.Abstained is not null) ? AbstentionReport.Of(predictions) : null,
            outside.Count > 0 && outside.All(p => p.Probabilities is not null) ? OutOfScopeReport.Of(inside, outside) : null);
    }

    internal static bool IsRight(Prediction p, IReadOnlyDictionary<string, double> probabilities) =>
        p.OptionList.MaxBy(o => probabilities[o.Label])!.Label == p.Gold;
}

/// <summary>How good probabilities are.</summary>
/// <param name="ExpectedError">
/// The calibration error that as many answers would have if these probabilities were exactly true: the error of few answers is never 0.
/// </param>
sealed record TrustedProbabilities(ProbabilityScores Scores, double ExpectedError)
{
    public static TrustedProbabilities Of(
        IReadOnlyList<Prediction> predictions, Func<Prediction, IReadOnlyDictionary<string, double>> probabilitiesOf)
    {
        List<(int, IReadOnlyList<double>)> items = [.. predictions.Select(p =>
        {
            var (options, probabilities) = (p.OptionList, probabilitiesOf(p));
            IReadOnlyList<double> values = [.. options.Select(o => probabilities[o.Label])];
            return (options.Index().First(o => o.Item.Label == p.Gold).Index, values);
        })];
        return new(ProbabilityScores.Of(items), PerfectCalibration.ExpectedError([.. items.Select(i => i.Item2.Max())]));
    }
}

/// <summary>What prediction sets hold.</summary>
/// <param name="Holding">How many of them hold the right option.</param>
/// <param name="Sizes">How many sets have 0, 1, 2 … options.</param>
sealed record SetReport(Proportion Holding, IReadOnlyList<int> Sizes)
{
    public double MeanSize => (double)Sizes.Select((count, size) => (long)count * size).Sum() / Sizes.Sum();

    public static SetReport Of(IReadOnlyList<Prediction> predictions)
    {
        var sizes = new int[predictions.Max(p => p.PredictionSet!.Count) + 1];
        foreach (var p in predictions) sizes[p.PredictionSet!.Count]++;
        return new(new(predictions.Count(p => p.PredictionSet!.Contains(p.Gold!)), predictions.Count), sizes);
    }
}

/// <summary>What is answered of the questions with a gold answer.</summary>
/// <param name="Answered">How many are answered.</param>
/// <param name="Right">How many of the answered ones rightly.</param>
/// <param name="LowProbability">How many are withheld for their probability.</param>
/// <param name="OutOfScope">How many are taken for ones out of scope.</param>
sealed record AbstentionReport(Proportion Answered, Proportion Right, int LowProbability, int OutOfScope)
{
    public static AbstentionReport Of(IReadOnlyList<Prediction> predictions)
    {
        var answered = predictions.Where(p => p.Abstained == false).ToList();
        return new(new(answered.Count, predictions.Count), new(answered.Count(p => TrustReport.IsRight(p, p.Trusted!)), answered.Count),
            predictions.Count(p => p.AbstentionReason == "low_probability"), predictions.Count(p => p.AbstentionReason == "out_of_scope"));
    }
}

/// <summary>How well questions out of scope are told from those in scope.</summary>
/// <param name="IsByProbability">True: by 1 − the highest probability, because the predictions have no score of their own.</param>
/// <param name="Passing">How many of the questions in scope pass; null where no prediction says whether it is withheld.</param>
/// <param name="Found">How many of those out of scope are withheld, for whatever reason.</param>
sealed record OutOfScopeReport(Separation Separation, bool IsByProbability, Proportion? Passing, Proportion? Found)
{
    public static OutOfScopeReport Of(IReadOnlyList<Prediction> inside, IReadOnlyList<Prediction> outside)
    {
        var all = inside.Concat(outside).ToList();
        var isByProbability = all.Any(p => p.OutOfScopeScore is null);
        double Score(Prediction p) => isByProbability ? 1 - p.Probabilities!.Values.Max() : p.OutOfScopeScore!.Value;
        var separation = Separation.Of([.. inside.Select(Score)], [.. outside.Select(Score)]);
        return all.Any(p => p.Abstained is null) ? new(separation, isByProbability, null, null)
            : new(separation, isByProbability, new(inside.Count(p => p.AbstentionReason != "out_of_scope"), inside.Count),
                new(outside.Count(p => p.Abstained == true), outside.Count));
    }
}
