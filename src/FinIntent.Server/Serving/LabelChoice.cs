using FinIntent.Calibration;
using FinIntent.Classification;
using FinIntent.Intents;
using FinIntent.Server.Errors;

namespace FinIntent.Server.Serving;

/// <summary>Chooses among some of a set's labels. The model is asked as always; probabilities are renormalised over the labels, while an
/// answer is withheld as if all could be chosen.</summary>
/// <param name="places">The chosen options' places among those of the set, ascending.</param>
sealed class LabelChoice(LabelSet set, int[] places)
{
    public IReadOnlyList<IntentOption> Options { get; } = [.. places.Select(place => set.Options[place])];

    /// <param name="labels">Labels or intents of the set; null means all.</param>
    /// <exception cref="ServerError">One is not of the set, occurs twice, or there are fewer than two.</exception>
    public static LabelChoice Of(LabelSet set, IReadOnlyList<string>? labels)
    {
        if (labels is null) return new(set, [.. Enumerable.Range(0, set.Options.Count)]);
        HashSet<int> places = [];
        foreach (var label in labels)
        {
            var place = PlaceOf(set, label);
            if (place < 0)
                throw ServerError.BadRequest($"labels: \"{label}\" is none of {set.Name}; it has " +
                    $"{string.Join(", ", set.Options.Select(o => o.Label == o.Name ? o.Name : $"{o.Label} {o.Name}"))}", "labels");
            if (!places.Add(place)) throw ServerError.BadRequest($"labels: \"{label}\" is named twice", "labels");
        }
        return places.Count >= 2 ? new(set, [.. places.Order()])
            : throw ServerError.BadRequest($"labels has {places.Count} of them; name two or more, so that there is a choice", "labels");
    }

    static int PlaceOf(LabelSet set, string label)
    {
        foreach (var (i, option) in set.Options.Index())
            if (option.Name == label) return i;
        foreach (var (i, option) in set.Options.Index())
            if (option.Label == label) return i;
        return -1;
    }

    /// <summary>Returns what an answer says about the chosen labels.</summary>
    public (IntentAnswer Answer, bool? IsAbstained) Of(IntentAnswer answer, double? threshold, IntentCalibration? calibration)
    {
        var chosen = places.Select(place => answer.Probabilities[place]).ToArray();
        var highest = chosen.Max();
        bool? isAbstained = calibration is null && threshold is null ? null
            : answer.Reason is not null || highest < threshold || highest < calibration?.Abstention?.Threshold;
        if (places.Length == answer.Probabilities.Length) return (answer, isAbstained);
        var total = chosen.Sum();
        return (answer with
        {
            Probabilities = [.. chosen.Select(p => total > 0 ? p / total : 1.0 / chosen.Length)],
            PredictionSet = answer.PredictionSet is { } kept
                ? [.. kept.Select(place => Array.IndexOf(places, place)).Where(place => place >= 0)] : null,
        }, isAbstained);
    }
}
