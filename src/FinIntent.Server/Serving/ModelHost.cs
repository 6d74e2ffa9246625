using FinIntent.Classification;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Runtime;
using FinIntent.Server.Errors;
using FinIntent.Server.Metrics;
using FinIntent.Server.TextLog;
using FinIntent.Text;
using Microsoft.Extensions.DependencyInjection;

namespace FinIntent.Server.Serving;

/// <summary>Answers the requests of every route that needs the model: it lets them in, bounds them, and has them computed on the
/// classifier's one thread. Any thread may use it.</summary>
sealed class ModelHost : IAsyncDisposable
{
    /// <summary>Names of adapters become labels of metrics, which are bounded.</summary>
    const int MostAdapters = 1000;

    readonly IntentClassifier _classifier;
    readonly ServeOptions _options;
    readonly ServerMetrics _metrics;
    readonly AdapterLoader _adapters;
    readonly SemaphoreSlim _loading = new(1);
    readonly ShadowScorer? _shadow;
    readonly TextLogWriter? _texts;

    /// <param name="classifier">The loaded model, which is taken over.</param>
    /// <param name="own">What it is served as.</param>
    public ModelHost(IntentClassifier classifier, ServedVersion own, AdapterLoader adapters, ServeOptions options,
        IServiceProvider services)
    {
        (_classifier, _adapters, _options) = (classifier, adapters, options);
        (_metrics, _texts) = (services.GetRequiredService<ServerMetrics>(), services.GetService<TextLogWriter>());
        Admission = new(options.MaxQueueRows, options.MaxQueueTokens ?? 4 * classifier.Model.Scorer.MaxTokens);
        Models = new(own, Retire);
        Chat.Model.AdapterRoom.MaxLoaded = options.MaxLoadedAdapters;
        if (options.Shadow is { } shadow)
            _shadow = new(shadow, Models, Admission, _metrics, (texts, version) =>
                ScoreAll(texts.Select(text => text.Question), version, CancellationToken.None));
        Tell(own);
        Watch();
    }

    public ServedModels Models { get; }
    public Admission Admission { get; }
    public ChatModel Chat => _classifier.Model.Chat;

    /// <summary>The texts that wait for a forward.</summary>
    public int QueueLength => _classifier.Queue.Length;

    /// <summary>It is called with the texts and the tokens of each forward.</summary>
    public Action<int, int>? OnForward
    {
        get => _classifier.Queue.OnForward;
        set => _classifier.Queue.OnForward = value;
    }

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
        using var activity = ClassifyActivity.Start(lease.Version.Name);
        try
        {
            var classified = await ClassifyAsync(call, lease.Version, record, aborted);
            activity.Answered(lease.Version.Id, classified.Texts.Count, classified.Tokens);
            return classified;
        }
        catch (Exception e)
        {
            activity.Failed(e is ServerError error ? error.Code ?? "error" : e.GetType().Name);
            throw;
        }
    }

    async Task<Classified> ClassifyAsync(ClassifyCall call, ServedVersion version, RequestRecord record, CancellationToken aborted)
    {
        var taught = version.Taught ?? throw ServerError.BadRequest(
            $"\"{version.Name}\" was taught no intents; name an adapter that was, or serve with intent_schema", "model");
        var set = taught.Set(call.IntentSet);
        var chosen = LabelChoice.Of(set, call.Labels);
        using var ticket = Admission.Enter(call.Texts.Count);
        using var deadline = DeadlineOf(call.Deadline, aborted);
        var start = Stopwatch.GetTimestamp();
        var ready = Encode(call, taught, set);
        ticket.Count(ready.Sum(text => text.Tokens));
        record.Tokenized = Stopwatch.GetElapsedTime(start);
        var scored = await deadline.Await(ScoreAll(ready.Select(text => text.Question), version, deadline.Token));
        record.Queued = scored.Max(s => s.Queued);
        record.Computed = scored.Max(s => s.Computed);
        Admission.Learn(scored.Length, record.Computed);
        var calibration = call.IsCalibrated ? taught.CalibrationOf(set) : null;
        Classified classified = new(version, set, [.. call.Texts.Select((text, i) => Result(text, ready[i], scored[i].Reading))])
        {
            IsCalibrated = calibration is not null,
        };
        Tell(classified, ready);
        _shadow?.Follow(classified);
        return classified;

        ClassifiedText Result(AskedText text, ReadyText question, OptionReading reading)
        {
            var answer = chosen.Of(IntentAnswer.Of(reading, question.Tokens, calibration), call.Threshold, calibration);
            return new(text, chosen.Options, answer.Answer) { IsAbstained = answer.IsAbstained };
        }
    }

    /// <summary>Computes an answer with each label set of a version, so that the first request is not slower than others.</summary>
    public async Task WarmUpAsync(ServedVersion version)
    {
        if (version.Taught is not { } taught) return;
        foreach (var set in taught.Sets)
        {
            _classifier.Model.Keep(taught, set, version.Weights);
            await ScoreAll([taught.Encode("?", set).Question], version, CancellationToken.None);
        }
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

    /// <summary>Serves an adapter from a folder that the operator named.</summary>
    /// <exception cref="UserErrorException">It cannot be served.</exception>
    public Task AddAdapterAsync(string name, string folder) => Put(() => _adapters.Load(name, folder), CancellationToken.None);

    /// <summary>Loads a version of an adapter from below the root, and serves it once it is warm.</summary>
    /// <returns>The version, and the one that it replaces, null where it is new.</returns>
    /// <exception cref="ServerError">It cannot be served.</exception>
    public Task<(ServedVersion Version, ServedVersion? Replaced)> PutAdapterAsync(string name, string version, CancellationToken stop) =>
        Put(() => _adapters.LoadBelowRoot(name, version), stop);

    async Task<(ServedVersion Version, ServedVersion? Replaced)> Put(Func<ServedVersion> load, CancellationToken stop)
    {
        await _loading.WaitAsync(stop);
        try
        {
            var version = await Task.Run(load, stop);
            try
            {
                if (Models.Count >= MostAdapters && Models.Get(version.Name) is null)
                    throw new ServerError(409, $"{MostAdapters} adapters are served, which is all there may be; remove one first",
                        "too_many_adapters");
                await WarmUpAsync(version);
            }
            catch
            {
                Retire(version);
                throw;
            }
            Tell(version);
            var replaced = Models.Put(version);
            _metrics.Swapped(version.Name, replaced is null ? AdapterChange.Put : AdapterChange.Replaced);
            return (version, replaced);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Serves an adapter no more; requests that run with it end with it. Returns null where there was none.</summary>
    public ServedVersion? RemoveAdapter(string name)
    {
        var removed = Models.Remove(name);
        if (removed is not null) _metrics.Swapped(name, AdapterChange.Removed);
        return removed;
    }

    /// <summary>Has a version's questions scored; they share forwards with those of other requests.</summary>
    public Task<ScoredQuestion[]> ScoreAll(IEnumerable<OptionQuestion> questions, ServedVersion version, CancellationToken stop) =>
        Task.WhenAll(questions.Select(question => _classifier.Queue.Score(question with { Adapter = version.Weights }, stop)));

    /// <summary>Does a work on the thread that computes, such as a token of an answer.</summary>
    public Task<T> Run<T>(Func<T> work, CancellationToken stop) => _classifier.Queue.Run(work, stop);

    /// <summary>Returns when a request's answer is no longer of use.</summary>
    /// <param name="asked">What the request asks; null: the server's own.</param>
    public Deadline DeadlineOf(TimeSpan? asked, CancellationToken aborted) => new(asked ?? _options.Deadline, aborted);

    /// <summary>Frees an adapter's factors between two forwards.</summary>
    void Retire(ServedVersion version)
    {
        if (version.Weights is not { } weights) return;
        _ = _classifier.Queue.Run(() =>
        {
            _classifier.Model.Kept?.Remove(weights);
            weights.Dispose();
            NativeSettings.GiveBackFreeMemory(); // holes between adapters that come and go would grow for hours
            return true;
        }, CancellationToken.None);
    }

    void Tell(ServedVersion version) =>
        _metrics.Serves(version.Name, version.Taught?.Sets.SelectMany(set => set.Options).Select(o => o.Name).Distinct() ?? []);

    void Tell(Classified classified, IReadOnlyList<ReadyText> questions)
    {
        var name = classified.Version.Name;
        foreach (var text in classified.Texts)
        {
            AbstentionReason? withheld = text.IsAbstained == true ? text.Answer.Reason ?? AbstentionReason.LowProbability : null;
            _metrics.Answer(name, text.Best.Name, text.Probability, withheld);
            _texts?.Add(TextRecord.Of(text, classified.Version));
        }
        var scorer = _classifier.Model.Scorer;
        _metrics.Prompt(name, classified.Tokens, questions.Sum(q =>
            scorer.KeptTokensOf(q.Question with { Adapter = classified.Version.Weights })));
    }

    static long BytesUsed(TorchSharp.torch.Device device) =>
        DeviceMemory.Of(device) is var (free, total) ? total - free : Environment.WorkingSet;

    void Watch()
    {
        _classifier.Queue.OnForward += _metrics.Forward;
        _classifier.Queue.OnFailure += (e, questions) =>
        {
            if (questions > 1 && DeviceMemory.IsExhausted(e)) _metrics.BatchHalved();
            else _metrics.ForwardFailed();
        };
        _metrics.Queue = () => new(Admission.Requests, Admission.Rows, Admission.Tokens, Math.Max(0, Admission.Rows - QueueLength))
        {
            RowsLimit = Admission.MaxRows,
            TokensLimit = Admission.MaxTokens,
        };
        _metrics.Model = Models.Own.Name;
        var device = Chat.Model.Placement.Device;
        _metrics.DeviceMemory = () => [(device.ToString(), BytesUsed(device))];
        _metrics.AdaptersLoaded = () => Models.All.Where(v => v.Weights is not null)
            .Select(v => (v.Name, device.ToString()));
    }

    public ValueTask DisposeAsync() => _classifier.DisposeAsync();
}
