using FinIntent.Calibration;
using FinIntent.Generation;
using FinIntent.Intents;

namespace FinIntent.Classification;

/// <summary>Holds what is kept of a text's answer: numbers, in the order of the label set's options.</summary>
/// <param name="Probabilities">The options' probabilities, calibrated where there is a calibration.</param>
/// <param name="Tokens">The tokens that the model read.</param>
sealed record IntentAnswer(double[] Probabilities, int Tokens)
{
    /// <summary>Why the answer is withheld; null where it is given.</summary>
    public AbstentionReason? Reason { get; init; }

    /// <summary>The numbers of the options in the prediction set, the most probable first; null without a calibration.</summary>
    public int[]? PredictionSet { get; init; }
    public double? OutOfScopeScore { get; init; }

    /// <param name="calibration">Null means that the model's own probabilities are the answer.</param>
    public static IntentAnswer Of(OptionReading reading, int tokens, IntentCalibration? calibration)
    {
        if (calibration is null) return new(reading.Probabilities, tokens);
        var answer = calibration.Apply(reading);
        return new(answer.Probabilities, tokens)
        {
            Reason = answer.Reason,
            PredictionSet = answer.PredictionSet,
            OutOfScopeScore = answer.OutOfScopeScore,
        };
    }

    /// <summary>The number of the most probable option, the first one among equals.</summary>
    public int Best => Array.IndexOf(Probabilities, Probabilities.Max());

    /// <summary>By how much the most probable option leads.</summary>
    public double Margin
    {
        get
        {
            var best = Best;
            return Probabilities[best] - Probabilities.Where((_, i) => i != best).Max();
        }
    }

    public IntentResult ResultIn(LabelSet set)
    {
        var best = Best;
        OrderedDictionary<string, double> probabilities = new(Probabilities.Length);
        foreach (var (option, probability) in set.Options.Zip(Probabilities)) probabilities[option.Name] = probability;
        return new()
        {
            Intent = set.Options[best].Name,
            Label = set.Options[best].Label,
            Probability = Probabilities[best],
            Margin = Margin,
            Probabilities = probabilities,
            AbstentionReason = Reason,
            PredictionSet = PredictionSet is null ? null : [.. PredictionSet.Select(i => set.Options[i].Name)],
            OutOfScopeScore = OutOfScopeScore,
            Tokens = Tokens,
        };
    }
}
