namespace FinIntent.Evaluation;

/// <summary>The share of right answers when several questions were each answered equally often.</summary>
/// <remarks>Answers to one question are alike, so Wilson's interval over all answers is too narrow: questions are sampled.</remarks>
/// <param name="EffectiveQuestions">
/// So many independent questions would tell as much: p (1 − p) / (variance of the questions' shares / n), from n to all answers.
/// </param>
sealed record QuestionShare(double Value, double EffectiveQuestions)
{
    /// <summary>Wilson's score interval with the effective number in place of n.</summary>
    /// <remarks>https://pmc.ncbi.nlm.nih.gov/articles/PMC6690503 recommends it among the intervals for clustered samples.</remarks>
    public (double Low, double High) Interval95 => Proportion.Wilson(Value, EffectiveQuestions);

    /// <param name="right">Each question's right answers.</param>
    /// <param name="answers">The number of answers to each question.</param>
    public static QuestionShare Of(IReadOnlyList<int> right, int answers)
    {
        long n = right.Count, all = n * answers, sum = right.Sum(r => (long)r), squares = right.Sum(r => (long)r * r);
        // In integers: p (1 − p) is this divided by all², and so is the variance.
        double binomial = (double)sum * (all - sum), variance = (double)n * squares - (double)sum * sum;
        return new((double)sum / all, binomial == 0 ? n : variance == 0 ? all : Math.Clamp(n * (binomial / variance), n, all));
    }
}
