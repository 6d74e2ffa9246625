using FinIntent.Generation;

namespace FinIntent.Calibration;

/// <summary>Is what one forward said of a question, with the place of the right option among the options.</summary>
/// <param name="Gold">Null: the question belongs to none of the options.</param>
sealed record CalibrationRow(OptionReading Reading, int? Gold);

/// <summary>The rows that are held out in turn, and those that are fitted on meanwhile, by their numbers.</summary>
sealed record CalibrationFold(IReadOnlyList<int> Fitted, IReadOnlyList<int> Held);

/// <summary>Divides rows for cross-validation: in every fold about as many of each class, by their order, so nothing is drawn.</summary>
static class CalibrationFolds
{
    public static IReadOnlyList<CalibrationFold> Of(IReadOnlyList<int?> classes, int folds)
    {
        Dictionary<int, int> seen = [];
        var foldOf = new int[classes.Count];
        // Classes begin at different folds, so that small ones do not all fill the first.
        foreach (var (i, @class) in classes.Index())
        {
            var key = @class ?? -1;
            var number = seen.GetValueOrDefault(key);
            seen[key] = number + 1;
            foldOf[i] = (number + key + 1) % folds;
        }
        return [.. from fold in Enumerable.Range(0, folds)
            let held = foldOf.Index().Where(f => f.Item == fold).Select(f => f.Index).ToList()
            where held.Count > 0 && held.Count < classes.Count
            select new CalibrationFold([.. foldOf.Index().Where(f => f.Item != fold).Select(f => f.Index)], held)];
    }
}
