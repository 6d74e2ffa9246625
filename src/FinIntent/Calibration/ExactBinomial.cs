namespace FinIntent.Calibration;

/// <summary>Bounds of a share by the binomial distribution itself. C. J. Clopper, E. S. Pearson, 1934.</summary>
static class ExactBinomial
{
    /// <summary>Returns the share p at which <paramref name="successes"/> or more of the trials have the probability <paramref
    /// name="error"/>.</summary>
    /// <remarks>The true share is below it with at most this probability. It is 0 without successes.</remarks>
    public static double LowerBound(int successes, int trials, double error)
    {
        if (successes == 0) return 0;
        if (successes == trials) return Math.Pow(error, 1.0 / trials);
        double low = 0, high = 1;
        for (var i = 0; i < 200 && low < high; i++)
        {
            var middle = (low + high) / 2;
            if (middle <= low || middle >= high) break;
            if (UpperTail(successes, trials, middle) < error) low = middle;
            else high = middle;
        }
        return (low + high) / 2;
    }

    public static double UpperBound(int successes, int trials, double error) => 1 - LowerBound(trials - successes, trials, error);

    /// <summary>Returns P(X ≥ k) for X binomial of n trials with the share p.</summary>
    static double UpperTail(int k, int n, double p)
    {
        // The terms are made from the one at k onwards, each from the one before, so that no factorial is needed but the first.
        var log = LogChoose(n, k) + k * Math.Log(p) + (n - k) * LogOneMinus(p);
        var (term, sum, odds) = (1.0, 1.0, p / (1 - p));
        for (var j = k; j < n; j++)
        {
            term *= odds * (n - j) / (j + 1);
            sum += term;
            if (term < sum * 1e-18 && j > p * n) break;
        }
        return Math.Exp(log + Math.Log(sum));
    }

    static double LogOneMinus(double p) => p < 1e-5 ? -p - p * p / 2 - p * p * p / 3 : Math.Log(1 - p);

    static double LogChoose(int n, int k)
    {
        var (sum, rest) = (0.0, Math.Min(k, n - k));
        for (var i = 1; i <= rest; i++) sum += Math.Log((double)(n - rest + i) / i);
        return sum;
    }
}
