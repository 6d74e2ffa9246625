using System.Diagnostics.Metrics;
using FinIntent.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FinIntent.Classification;

/// <summary>Tells listeners what a classifier does, by the names of docs/library-hosting.md, without any text unless it is told to.
/// </summary>
/// <remarks>
/// Names and units follow OpenTelemetry's conventions (https://opentelemetry.io/docs/specs/semconv/general/metrics/). While nobody listens
/// a call costs a look at a few flags.
/// </remarks>
sealed class ClassifierTelemetry : IDisposable
{
    const string Name = "FinIntent", ModelTag = "finintent.model", SetTag = "finintent.intent_set", IntentTag = "finintent.intent",
        AbstentionTag = "finintent.abstention", ErrorTag = "error.type";

    static readonly string? Version = typeof(ClassifierTelemetry).Assembly.GetName().Version?.ToString(3);

    static readonly ActivitySource Source = new(Name, Version);

    /// <summary>Bounds in seconds: from a question alone on a CPU to a queue that is full.</summary>
    static readonly InstrumentAdvice<double> Durations =
        new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };

    static readonly InstrumentAdvice<int> Sizes = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };

    readonly Meter? _own;
    readonly Histogram<double> _duration;
    readonly Histogram<int> _forward;
    readonly Counter<long> _questions, _tokens, _errors;
    readonly ILogger _logger;
    readonly KeyValuePair<string, object?> _model;

    /// <param name="meters">It disposes the meter; null means that this does.</param>
    public ClassifierTelemetry(string model, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
    {
        Model = model;
        _model = new(ModelTag, model);
        _logger = loggers?.CreateLogger<IntentClassifier>() ?? (ILogger)NullLogger.Instance;
        var meter = meters?.Create(Name, Version) ?? (_own = new(Name, Version));
        _duration = meter.CreateHistogram("finintent.classify.duration", "s",
            "From a call of ClassifyAsync to its result, waiting included.", advice: Durations);
        _questions = meter.CreateCounter<long>("finintent.classify.questions", "{question}", "Texts that were classified.");
        _tokens = meter.CreateCounter<long>("finintent.classify.tokens", "{token}", "Tokens of the prompts that were classified.");
        _errors = meter.CreateCounter<long>("finintent.classify.errors", "{error}", "Calls that ended with an exception.");
        _forward = meter.CreateHistogram("finintent.forward.questions", "{question}", "Questions that shared a forward.", advice: Sizes);
        meter.CreateObservableUpDownCounter("finintent.queue.length", () => new Measurement<int>(QueueLength(), _model), "{question}",
            "Questions that wait for a forward.");
    }

    public string Model { get; }

    /// <summary>Says that a trace may hold the text.</summary>
    public bool EnableSensitiveData { get; init; }
    public Func<int> QueueLength { get; set; } = () => 0;

    /// <summary>Says whether anyone would hear of a call.</summary>
    public bool IsWatched => _duration.Enabled || _questions.Enabled || _tokens.Enabled || _errors.Enabled || Source.HasListeners()
        || _logger.IsEnabled(LogLevel.Debug);

    /// <summary>Classifies, and tells of it.</summary>
    /// <param name="set">The intent set's name; null means one that the model does not know.</param>
    public async Task<IntentResult> Watch(string text, string? set, Func<Task<IntentResult>> classify)
    {
        using var activity = Source.StartActivity("finintent.classify");
        activity?.SetTag(ModelTag, Model).SetTag(SetTag, set);
        if (EnableSensitiveData) activity?.SetTag("finintent.text", text);
        var start = Stopwatch.GetTimestamp();
        TagList tags = new() { _model, new(SetTag, set) };
        try
        {
            var result = await classify().ConfigureAwait(false);
            _duration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
            Tell(result, tags, activity);
            return result;
        }
        catch (Exception e)
        {
            tags.Add(ErrorTag, e.GetType().FullName);
            _duration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
            _errors.Add(1, tags);
            activity?.SetTag(ErrorTag, e.GetType().FullName).SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
    }

    void Tell(IntentResult result, TagList tags, Activity? activity)
    {
        _tokens.Add(result.Tokens, tags);
        var abstention = NameOf(result.AbstentionReason);
        tags.Add(IntentTag, result.Intent);
        tags.Add(AbstentionTag, abstention);
        _questions.Add(1, tags);
        activity?.SetTag("finintent.tokens", result.Tokens).SetTag(IntentTag, result.Intent).SetTag(AbstentionTag, abstention)
            .SetTag("finintent.abstained", result.IsAbstained);
        if (result.AbstentionReason is { } reason) _logger.Abstained(reason, result.Tokens);
    }

    static string NameOf(AbstentionReason? reason) => reason switch
    {
        null => "none",
        AbstentionReason.LowProbability => "low_probability",
        AbstentionReason.OutOfScope => "out_of_scope",
        _ => throw new UnreachableException(),
    };

    /// <summary>Tells of a forward that begins.</summary>
    public void Forward(int questions, int tokens)
    {
        if (_forward.Enabled) _forward.Record(questions, _model);
    }

    /// <summary>Tells of a forward that failed.</summary>
    public void Failure(Exception e, int questions)
    {
        if (questions > 1 && DeviceMemory.IsExhausted(e)) _logger.ForwardHalved(questions);
        else _logger.ForwardFailed(e, questions);
    }

    /// <summary>Tells that the model is being loaded, and returns when that began.</summary>
    public long Loading()
    {
        _logger.Loading(Model);
        return Stopwatch.GetTimestamp();
    }

    /// <param name="start">What <see cref="Loading"/> returned.</param>
    public void Loaded(ClassifierModel model, long start) => _logger.Loaded(Model, model.Chat.Model.Placement.Device.ToString(),
        string.Join(", ", model.Sets.Select(set => $"{set.Name} ({set.Options.Count})")), Stopwatch.GetElapsedTime(start).TotalSeconds);

    public void Dispose() => _own?.Dispose();
}
