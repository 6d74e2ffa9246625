using FinIntent.Classification;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Server.Errors;
using FinIntent.Text;

namespace FinIntent.Server.Serving;

/// <summary>Answers the requests of every route that needs the model: it lets them in, bounds them, and has them computed on the
/// classifier's one thread. Any thread may use it.</summary>
sealed class ModelHost : IAsyncDisposable
{
    readonly IntentClassifier _classifier;
    readonly ServeOptions _options;

    /// <param name="classifier">The loaded model, which is taken over.</param>
    public ModelHost(IntentClassifier classifier, ServedVersion own, ServeOptions options)
    {
        (_classifier, _options) = (classifier, options);
        Admission = new(options.MaxQueueRows, options.MaxQueueTokens ?? 4 * classifier.Model.Scorer.MaxTokens);
        Models = new(own, Retire);
    }

    public ServedModels Models { get; }
    public Admission Admission { get; }
    public ChatModel Chat => _classifier.Model.Chat;

    /// <summary>Is told of every request that was classified, before its answer is sent; it must return at once and never fail.</summary>
    public Action<Classified>? Answered { get; set; }

    /// <summary>The texts that wait for a forward.</summary>
    public int QueueLength => _classifier.Queue.Length;

    /// <summary>Tells the intents of texts.</summary>
    /// <exception cref="ServerError">The request cannot be answered, or not now.</exception>
    /// <exception cref="DeadlineException">Its time was over first.</exception>
    /// <exception cref="UserErrorException">It asks for what there is not.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<Classified> ClassifyAsync(ClassifyCall call, RequestRecord record, CancellationToken aborted)
    {
        if (call.Texts.Count == 0) throw ServerError.BadRequest("input has no text; send one or more", "input");
        if (call.Texts.Count > _options.MaxRows)
            throw ServerError.BadRequest($"input has {call.Texts.Count} texts and the server takes {_options.MaxRows} in a request; " +
                "send them in several", "input", "too_many_texts");
        using var lease = Models.Take(call.Model);
        record.Adapter = lease.Version.Name;
        var taught = lease.Version.Taught ?? throw ServerError.BadRequest(
            $"\"{lease.Version.Name}\" was taught no intents; name an adapter that was, or serve with intent_schema", "model");
        var set = taught.Set(call.IntentSet);
        var chosen = LabelChoice.Of(set, call.Labels);
        using var ticket = Admission.Enter(call.Texts.Count);
        using var deadline = DeadlineOf(call.Deadline, aborted);
        var start = Stopwatch.GetTimestamp();
        var ready = Encode(call, taught, set);
        ticket.Count(ready.Sum(text => text.Tokens));
        record.Tokenized = Stopwatch.GetElapsedTime(start);
        var scored = await deadline.Await(ScoreAll([.. ready.Select(text => text.Question)], deadline.Token));
        record.Queued = scored.Max(s => s.Queued);
        record.Computed = scored.Max(s => s.Computed);
        Admission.Learn(scored.Length, record.Computed);
        var calibration = call.IsCalibrated ? taught.CalibrationOf(set) : null;
        Classified classified = new(lease.Version, set, [.. call.Texts.Select((text, i) => Result(text, ready[i], scored[i].Reading))])
        {
            IsCalibrated = calibration is not null,
        };
        Answered?.Invoke(classified);
        return classified;

        ClassifiedText Result(AskedText text, ReadyText question, OptionReading reading)
        {
            var answer = chosen.Of(IntentAnswer.Of(reading, question.Tokens, calibration), call.Threshold, calibration);
            return new(text, chosen.Options, answer.Answer) { IsAbstained = answer.IsAbstained };
        }
    }

    /// <summary>Computes an answer with each label set of the model, so that the first request is not slower than others.</summary>
    public async Task WarmUpAsync()
    {
        foreach (var version in Models.All) await WarmUpAsync(version);
    }

    public async Task WarmUpAsync(ServedVersion version)
    {
        if (version.Taught is not { } taught) return;
        foreach (var set in taught.Sets) await ScoreAll([taught.Encode("?", set).Question], CancellationToken.None);
    }

    List<ReadyText> Encode(ClassifyCall call, TaughtIntents taught, LabelSet set)
    {
        var texts = call.Texts;
        List<ReadyText> ready = new(texts.Count);
        foreach (var (i, text) in texts.Index())
        {
            try
            {
                var asked = call.Cut is not { } cut || string.IsNullOrWhiteSpace(text.Text) ? text.Text
                    : TextCuts.Cut(text.Text, cut, Chat, part => taught.Encode(part, set, text.History).Question);
                ready.Add(taught.Encode(asked, set, text.History));
                _classifier.Model.Scorer.Check(ready[^1].Question);
            }
            catch (UserErrorException e)
            {
                throw ServerError.BadRequest(e.Message, texts.Count == 1 ? "input" : $"input[{i}]");
            }
        }
        return ready;
    }

    /// <summary>Has questions scored; they share forwards with those of other requests.</summary>
    public Task<ScoredQuestion[]> ScoreAll(IReadOnlyList<OptionQuestion> questions, CancellationToken stop) =>
        Task.WhenAll(questions.Select(question => _classifier.Queue.Score(question, stop)));

    /// <summary>Does a work on the thread that computes, such as a token of an answer.</summary>
    public Task<T> Run<T>(Func<T> work, CancellationToken stop) => _classifier.Queue.Run(work, stop);

    /// <summary>Returns when a request's answer is no longer of use.</summary>
    /// <param name="asked">What the request asks; null: the server's own.</param>
    public Deadline DeadlineOf(TimeSpan? asked, CancellationToken aborted) => new(asked ?? _options.Deadline, aborted);

    void Retire(ServedVersion version)
    {
    }

    public ValueTask DisposeAsync() => _classifier.DisposeAsync();
}
