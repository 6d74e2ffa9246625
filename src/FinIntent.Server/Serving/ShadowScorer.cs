using FinIntent.Classification;
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
                var best = taught.AnswerOf(question, reading.Reading).Best;
                metrics.Shadow(answered.Version.Name, name, text.Best.Name == set.Options[best].Name);
            }
        }
        catch (Exception e) when (e is FinIntentException or ServerError or ObjectDisposedException or OperationCanceledException)
        {
            // The adapter is gone, the server stops, or a text is too long for it: there is nothing to compare.
        }
        finally
        {
            Interlocked.Add(ref _pending, -answered.Texts.Count);
        }
    }
}
