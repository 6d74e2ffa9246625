using FinIntent.Runtime;

namespace FinIntent.Evaluation;

/// <summary>What the calibration error of a number of answers is when their probabilities are exactly true.</summary>
/// <remarks>https://arxiv.org/abs/1906.02629 (consistency resampling): each answer is right with its own probability.</remarks>
static class PerfectCalibration
{
    const int FewestDraws = 20, MostDraws = 1000, AnswersDrawn = 20_000_000;
    const ulong Seed = 1;

    /// <summary>Returns the mean error over draws whose seed is fixed, so equal probabilities give equal numbers.</summary>
    public static double ExpectedError(IReadOnlyList<double> confidences)
    {
        if (confidences.Count == 0) return double.NaN;
        var (random, sum) = (new SplitMix64(Seed), 0.0);
        int[] bins = [.. confidences.Select(ProbabilityScores.BinOf)];
        var differences = new double[bins.Max() + 1];
        var draws = Math.Clamp(AnswersDrawn / confidences.Count, FewestDraws, MostDraws);
        for (var draw = 0; draw < draws; draw++)
        {
            Array.Clear(differences);
            for (var i = 0; i < bins.Length; i++) differences[bins[i]] += (random.Uniform() < confidences[i] ? 1 : 0) - confidences[i];
            sum += differences.Sum(Math.Abs) / confidences.Count;
        }
        return sum / draws;
    }
}
