using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using FinIntent.Classification;
using FinIntent.Generation;
using FinIntent.Intents;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Classification;

/// <summary>What a classifier tells its listeners.</summary>
public sealed class TelemetryTests : IDisposable
{
    static readonly string[] Texts = ["茅台还能买吗", "怎么开户", "大盘怎么样"];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly CollectedLog _log = new();
    readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    readonly ConcurrentQueue<Measurement> _measured = [];
    readonly ConcurrentQueue<Activity> _activities = [];
    readonly MeterListener _meters = new();
    readonly ActivityListener _traces;
    readonly Activity _test = new Activity("test").Start();

    sealed record Measurement(string Name, string? Unit, double Value, Dictionary<string, object?> Tags);

    public TelemetryTests()
    {
        // Tests run beside each other: the factory's meters and the activities under this test's are its own.
        var factory = _services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == factory) l.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<int>((i, value, tags, _) => Note(i, value, tags));
        _meters.SetMeasurementEventCallback<long>((i, value, tags, _) => Note(i, value, tags));
        _meters.SetMeasurementEventCallback<double>((i, value, tags, _) => Note(i, value, tags));
        _meters.Start();
        _traces = new()
        {
            ShouldListenTo = source => source.Name == "FinIntent",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => { if (activity.TraceId == _test.TraceId) _activities.Enqueue(activity); },
        };
        ActivitySource.AddActivityListener(_traces);
    }

    void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Enqueue(new(instrument.Name, instrument.Unit, value, new(tags.ToArray())));

    IEnumerable<Measurement> Of(string name) => _measured.Where(m => m.Name == name);

    Task<IntentClassifier> Load(bool sensitive = false) => IntentClassifier.LoadAsync(EmbeddedClassifier.Model,
        EmbeddedClassifier.Options with { EnableSensitiveData = sensitive }, _log, _services.GetRequiredService<IMeterFactory>(), Stop);

    [Fact]
    public async Task A_call_without_a_set_is_told_under_the_set_that_it_uses()
    {
        var set = LabelSet.Of(IntentSchema.Load(EmbeddedClassifier.Schema));
        ChatModelSource chat = new(EmbeddedClassifier.Model, []) { Template = "default" };
        ClassifierSource source = new(chat, [set, set with { Name = "second" }]) { DefaultSet = "second" };
        using var model = new ClassifierModel(ChatModel.Load(chat, CPU), source);
        // Nobody serves its queue, which a text that is refused does not reach.
        var classifier = new IntentClassifier(model, "two", 1, new("two", _log, _services.GetRequiredService<IMeterFactory>()));

        await Assert.ThrowsAsync<UserErrorException>(() => classifier.ClassifyAsync("", cancellationToken: Stop));
        await Assert.ThrowsAsync<UserErrorException>(() => classifier.ClassifyAsync("", intentSet: "openfindata", cancellationToken: Stop));

        Assert.Equal(["second", "openfindata"], Of("finintent.classify.errors").Select(m => m.Tags["finintent.intent_set"]));
    }

    [Fact]
    public async Task Questions_tokens_times_and_forwards_are_measured()
    {
        await using var classifier = await Load();

        var results = await classifier.ClassifyAsync(Texts, cancellationToken: Stop);
        _meters.RecordObservableInstruments();

        Assert.Equal(
        [
            ("finintent.classify.duration", "s"), ("finintent.classify.questions", "{question}"), ("finintent.classify.tokens", "{token}"),
            ("finintent.forward.questions", "{question}"), ("finintent.queue.length", "{question}"),
        ], _measured.Select(m => (m.Name, m.Unit!)).Distinct().Order());
        var intents = Of("finintent.classify.questions").Select(m => (string)m.Tags["finintent.intent"]!);
        Assert.Equal(results.Select(r => r.Intent).Order(), intents.Order());
        Assert.Equal(results.Sum(r => r.Tokens), Of("finintent.classify.tokens").Sum(m => m.Value));
        Assert.Equal(3, Of("finintent.forward.questions").Sum(m => m.Value));
        Assert.Equal(0, Of("finintent.queue.length").Single().Value);
        Assert.All(Of("finintent.classify.duration"), m => Assert.InRange(m.Value, 1e-6, 600));
        Assert.All(_measured, m => Assert.Equal(EmbeddedClassifier.Model, m.Tags["finintent.model"]));
        Assert.All(Of("finintent.classify.questions"), m =>
            Assert.Equal(("openfindata", "none"), (m.Tags["finintent.intent_set"], m.Tags["finintent.abstention"])));
    }

    [Fact]
    public async Task A_call_is_an_activity_with_what_it_found()
    {
        await using var classifier = await Load();

        var result = await classifier.ClassifyAsync(Texts[0], cancellationToken: Stop);

        var activity = Assert.Single(_activities);
        Assert.Equal(("finintent.classify", "FinIntent"), (activity.OperationName, activity.Source.Name));
        Assert.Equal(_test.SpanId, activity.ParentSpanId);
        Assert.Equal(
        [
            ("finintent.abstained", false), ("finintent.abstention", "none"), ("finintent.intent", result.Intent),
            ("finintent.intent_set", "openfindata"), ("finintent.model", EmbeddedClassifier.Model), ("finintent.tokens", result.Tokens),
        ], activity.TagObjects.Select(tag => (tag.Key, tag.Value!)).OrderBy(tag => tag.Key, StringComparer.Ordinal));
        Assert.Same(_test, Activity.Current);
    }

    [Fact]
    public async Task Errors_are_counted_by_their_type()
    {
        await using var classifier = await Load();

        await Assert.ThrowsAsync<UserErrorException>(() => classifier.ClassifyAsync(" ", cancellationToken: Stop));
        await Assert.ThrowsAsync<UserErrorException>(() => classifier.ClassifyAsync(Texts[0], intentSet: "cards", cancellationToken: Stop));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => classifier.ClassifyAsync(Texts[0], cancellationToken: new(true)));

        Assert.Equal(["FinIntent.UserErrorException", "FinIntent.UserErrorException", "System.OperationCanceledException"],
            Of("finintent.classify.errors").Select(m => m.Tags["error.type"]));
        Assert.Equal(["openfindata", null, "openfindata"], Of("finintent.classify.errors").Select(m => m.Tags["finintent.intent_set"]));
        Assert.Equal(3, Of("finintent.classify.duration").Count(m => m.Tags.ContainsKey("error.type")));
        Assert.All(_activities, activity => Assert.Equal(ActivityStatusCode.Error, activity.Status));
        Assert.Equal(3, _activities.Count);
    }

    [Fact]
    public async Task A_forward_that_fails_fails_its_questions_and_is_told()
    {
        var chat = ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = "default" }, CPU);
        var question = chat.OptionQuestion(new(null, [new("user", Texts[0])]), ["A", "B"]);
        var telemetry = new ClassifierTelemetry(EmbeddedClassifier.Model, _log, _services.GetRequiredService<IMeterFactory>());
        using var queue = new ScoringQueue(new(chat.Model, 100), CPU, 8) { OnForward = telemetry.Forward, OnFailure = telemetry.Failure };
        new Thread(queue.Serve) { IsBackground = true }.Start();
        await queue.Read(question, Stop);
        chat.Dispose();

        var error = await Assert.ThrowsAnyAsync<Exception>(() => queue.Read(question, Stop));

        Assert.Equal(2, Of("finintent.forward.questions").Count());
        var line = Assert.Single(_log.Lines);
        Assert.StartsWith("Error FinIntent.IntentClassifier: A forward of 1 question(s) failed", line);
        Assert.Contains(error.Message, line);
    }

    [Fact]
    public void A_forward_that_the_device_has_no_room_for_is_a_warning()
    {
        var telemetry = new ClassifierTelemetry(EmbeddedClassifier.Model, _log);

        telemetry.Failure(new ExternalException("CUDA out of memory"), 8);
        telemetry.Failure(new ExternalException("CUDA out of memory"), 1);

        Assert.Equal(["Warning", "Error"], _log.Lines.Select(line => line.Split(' ')[0]));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_text_stands_nowhere_unless_that_is_asked_for(bool sensitive)
    {
        await using var classifier = await Load(sensitive);

        await classifier.ClassifyAsync(Texts[0], [new(Texts[1], Texts[2])], cancellationToken: Stop);
        await Assert.ThrowsAsync<UserErrorException>(() => classifier.ClassifyAsync(Texts[0] + "\ud800", cancellationToken: Stop));
        await Assert.ThrowsAsync<UserErrorException>(() =>
            classifier.ClassifyAsync(string.Concat(Enumerable.Repeat(Texts[0], 1000)), cancellationToken: Stop));

        var told = _measured.SelectMany(m => m.Tags.Values).Concat(_log.Lines);
        var traced = _activities.SelectMany(a => a.TagObjects.Select(tag => tag.Value).Append(a.StatusDescription).Append(a.DisplayName));
        Assert.NotEmpty(_log.Lines);
        Assert.DoesNotContain(told, value => value is string text && Texts.Any(text.Contains));
        Assert.Equal(sensitive ? 3 : 0, traced.Count(value => value is string text && Texts.Any(text.Contains)));
        Assert.Equal(sensitive ? [Texts[0]] : [], _activities.Take(1).Select(a => a.GetTagItem("finintent.text")).OfType<string>());
    }

    public void Dispose()
    {
        _test.Dispose();
        _traces.Dispose();
        _meters.Dispose();
        _services.Dispose();
        _log.Dispose();
    }
}
