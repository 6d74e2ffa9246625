namespace FinIntent.Server.Load;

/// <summary>Finds the highest rate that a server bears: 99 of 100 requests are answered in time, and none is refused.</summary>
static class KneeSearch
{
    // Halving nine tenths of the way seven times leaves less than two percent of the highest rate.
    const int Trials = 7;

    /// <param name="most">A rate that the server hardly bears: what clients that wait for their answers reach.</param>
    /// <param name="run">Gives the server a rate.</param>
    /// <returns>The outcome at the highest rate that was borne; null where none was.</returns>
    public static async Task<LoadOutcome?> Find(double most, double kneeMs, Func<double, Task<LoadOutcome>> run)
    {
        LoadOutcome? best = null;
        var (low, high) = (0.0, 1.1 * most);
        for (var i = 0; i < Trials; i++)
        {
            var rate = (low + high) / 2;
            var outcome = await run(rate);
            if (IsBorne(outcome, kneeMs)) (low, best) = (rate, outcome);
            else high = rate;
        }
        return best;
    }

    public static bool IsBorne(LoadOutcome outcome, double kneeMs) =>
        outcome.Percentile(0.99) <= kneeMs && outcome.Errors == 0 && outcome.ByStatus.Keys.All(status => status == 200);
}
