using FinIntent.Classification;
using FinIntent.Intents;
using FinIntent.Server.Errors;
using FinIntent.Server.Metrics;

namespace FinIntent.Server.Serving;

/// <summary>Has a second adapter score what another has answered, and counts where they disagree. No answer waits for it.</summary>
/// <remarks>It takes room that nobody else asks for: while more than half of the queue is taken, texts are left out.</remarks>
/// <param name="score">Scores questions beside those of requests.</param>
sealed class ShadowScorer(string name, ServedModels models, Admission admission, ServerMetrics metrics,
    Func<IReadOnlyList<ReadyText>, ServedVersion, Task<ScoredQuestion[]>> score)
{
    const int MostPending = 256;

    int _pending;

    /// <summary>Scores the texts of an answered request, later.</summary>
    public void Follow(Classified answered)
    {
        var texts = answered.Texts.Count;
        if (answered.Version.Name == name || admission.IsDraining || 2 * admission.Rows > admission.MaxRows) return;
        if (Interlocked.Add(ref _pending, texts) > MostPending) Interlocked.Add(ref _pending, -texts);
        else _ = Task.Run(() => Score(answered));
    }

    async Task Score(Classified answered)
    {
        try
        {
            using var lease = models.Take(name);
            var taught = lease.Version.Taught!;
            var set = taught.Sets.FirstOrDefault(s => s.Name == answered.Set.Name) ?? taught.Set(null);
            var ready = answered.Texts.Select(text => taught.Encode(text.Asked.Text, set, text.Asked.History)).ToList();
            var scored = await score(ready, lease.Version);
            foreach (var (text, (question, reading)) in answered.Texts.Zip(ready.Zip(scored)))
            {
                var best = BestOf(taught.AnswerOf(question, reading.Reading), set, text.Options, answered.Set);
                metrics.Shadow(answered.Version.Name, name, text.Best.Name == best);
            }
        }
        catch (Exception)
        {
            // The adapter is gone, the server stops, a text is too long for it, or a forward failed: there is nothing to compare.
        }
        finally
        {
            Interlocked.Add(ref _pending, -answered.Texts.Count);
        }
    }

    /// <summary>Returns the most probable intent; where a request left only some to choose from, among these.</summary>
    static string BestOf(IntentAnswer answer, LabelSet set, IReadOnlyList<IntentOption> options, LabelSet all)
    {
        var names = options.Count < all.Options.Count ? options.Select(o => o.Name).ToHashSet() : null;
        List<int> places = names is null ? []
            : [.. Enumerable.Range(0, set.Options.Count).Where(place => names.Contains(set.Options[place].Name))];
        return set.Options[places.Count == 0 ? answer.Best : places.MaxBy(place => answer.Probabilities[place])].Name;
    }
}
