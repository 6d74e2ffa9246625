namespace FinIntent.Evaluation;

/// <summary>
/// The share of right answers where each of several questions was answered equally often. Answers to one question are alike, so that
/// Wilson's interval on all answers would be too narrow: what is sampled are the questions.
/// </summary>
/// <param name="EffectiveQuestions">
/// As many independent questions would tell as much: p (1 − p) / (variance of the questions' shares / n). It is n where all answers to a
/// question are the same, so that the interval is then Wilson's on the questions; at most as many as there are answers.
/// </param>
public sealed record QuestionShare(double Value, double EffectiveQuestions)
{
    /// <summary>
    /// Wilson's score interval with the effective number in place of n. https://pmc.ncbi.nlm.nih.gov/articles/PMC6690503 compares the
    /// intervals for proportions from clustered samples and recommends this one.
    /// </summary>
    public (double Low, double High) Interval95 => Proportion.Wilson(Value, EffectiveQuestions);

    /// <param name="right">Each question's right answers.</param>
    /// <param name="answers">To each question.</param>
    public static QuestionShare Of(IReadOnlyList<int> right, int answers)
    {
        long n = right.Count, all = n * answers, sum = right.Sum(r => (long)r), squares = right.Sum(r => (long)r * r);
        // In integers: p (1 − p) is this divided by all², and so is the variance.
        double binomial = (double)sum * (all - sum), variance = (double)n * squares - (double)sum * sum;
        return new((double)sum / all, binomial == 0 ? n : variance == 0 ? all : Math.Clamp(n * (binomial / variance), n, all));
    }
}
