namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Counts what became of rows.</summary>
/// <param name="Intents">The rows of each intent, by its name; rows that are abstained count for the intent that is most probable.</param>
/// <param name="Abstained">Rows whose answer the calibration does not vouch for.</param>
/// <param name="Errors">Rows that could not be classified.</param>
/// <param name="Seconds">How long it took.</param>
sealed record ClassifyTotals(IReadOnlyDictionary<string, long> Intents, long Abstained, long Errors, double Seconds)
{
    public static ClassifyTotals Sum(IReadOnlyList<ClassifyTotals> parts) => new(
        parts.SelectMany(part => part.Intents).GroupBy(intent => intent.Key).ToDictionary(same => same.Key, same => same.Sum(i => i.Value)),
        parts.Sum(part => part.Abstained), parts.Sum(part => part.Errors), Math.Round(parts.Sum(part => part.Seconds), 3));
}
