using System.Diagnostics.Metrics;
using FinIntent.Classification;

namespace FinIntent.Server.Metrics;

/// <summary>Counts and times what the server does, by the names of docs/metrics.md.</summary>
/// <remarks>
/// All methods may be called from any thread, and a call allocates nothing once its labels were seen. No text of a caller becomes a
/// label: <see cref="KnownNames"/> says which values there are. The instruments' names follow OpenTelemetry; <see cref="PrometheusText"/>
/// writes "finintent.request.duration" in seconds as finintent_request_duration_seconds.
/// </remarks>
sealed class ServerMetrics
{
    public const string MeterName = "FinIntent.Server";

    static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    static readonly InstrumentAdvice<double> Probabilities = new()
    {
        HistogramBucketBoundaries = [.. Enumerable.Range(1, 20).Select(step => step / 20d)],
    };

    static readonly InstrumentAdvice<long>
        RowCounts = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 11).Select(power => 1L << power)] },
        TokenCounts = new() { HistogramBucketBoundaries = [.. Enumerable.Range(6, 12).Select(power => 1L << power)] };

    readonly KnownNames _names = new();
    readonly Counter<long> _requests, _rejected, _tokens, _reused, _intents, _abstentions, _swaps, _shadow, _failures, _halvings;
    readonly Histogram<double> _duration, _queueDuration, _tokenizeDuration, _computeDuration, _confidence;
    readonly Histogram<long> _batchRows, _batchTokens;

    public ServerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName, typeof(ServerMetrics).Assembly.GetName().Version?.ToString(3));
        _requests = meter.CreateCounter<long>("finintent.requests", "{request}", "Requests that were answered, with any status.");
        _duration = Seconds("request", "From a request's arrival to the end of its answer; requests refused with 4xx are left out.");
        _queueDuration = Seconds("queue", "How long rows waited for a forward.");
        _tokenizeDuration = Seconds("tokenize", "How long rows took from text to tokens.");
        _computeDuration = Seconds("compute", "How long the forward took in which rows were computed.");
        _rejected = meter.CreateCounter<long>("finintent.rejected", "{request}", "Requests that were refused, by reason.");
        _tokens = meter.CreateCounter<long>("finintent.prompt.tokens", "{token}", "Tokens of the prompts that were computed.");
        _reused = meter.CreateCounter<long>("finintent.prefix_reused.tokens", "{token}",
            "Tokens of the prompts whose keys and values were kept from earlier forwards.");
        _intents = meter.CreateCounter<long>("finintent.intent", "{text}", "Texts by the intent that was answered, or abstain.");
        _confidence = meter.CreateHistogram("finintent.confidence", null, "Calibrated probability of the most probable intent.",
            advice: Probabilities);
        _abstentions = meter.CreateCounter<long>("finintent.abstentions", "{text}", "Texts whose answer was withheld, by reason.");
        _batchRows = meter.CreateHistogram("finintent.batch.rows", "{row}", "Rows that shared a forward.", advice: RowCounts);
        _batchTokens = meter.CreateHistogram("finintent.batch.tokens", "{token}", "Tokens that shared a forward.", advice: TokenCounts);
        _failures = meter.CreateCounter<long>("finintent.forward.failures", "{forward}", "Forwards that failed.");
        _halvings = meter.CreateCounter<long>("finintent.batch.halvings", "{forward}",
            "Forwards that were done again by halves because the device's memory was exhausted.");
        _swaps = meter.CreateCounter<long>("finintent.adapter.swap", "{adapter}", "Adapters put, replaced or removed while serving.");
        _shadow = meter.CreateCounter<long>("finintent.shadow", "{text}", "Texts that a shadow adapter scored, by agreement.");
        ObserveState(meter);
        StartAtZero();

        Histogram<double> Seconds(string phase, string description) =>
            meter.CreateHistogram($"finintent.{phase}.duration", "s", description, advice: Durations);
    }

    /// <summary>The name under which the model is served; it is known once the model is loaded.</summary>
    public string Model { get; set; } = "";

    /// <summary>Says how full the queue is when the metrics are read. It is asked on the reader's thread and must not block.</summary>
    public Func<QueueState> Queue { get; set; } = () => default;

    /// <summary>Says whether the server takes requests: weights loaded, warmed up, not draining.</summary>
    public Func<bool> IsReady { get; set; } = () => false;

    /// <summary>Names the devices and the bytes in use on each: "cpu", "cuda:0".</summary>
    public Func<IEnumerable<(string Device, long Bytes)>> DeviceMemory { get; set; } = () => [];

    /// <summary>Names the adapters and the devices on which their factors lie. One in host memory and on a GPU is named twice.</summary>
    public Func<IEnumerable<(string Adapter, string Device)>> AdaptersLoaded { get; set; } = () => [];

    /// <summary>Makes an adapter, or the base under its served name, and its labels known; only then they become values of labels.
    /// </summary>
    /// <param name="labels">The labels it answers with. Those of an earlier version stay known.</param>
    public void Serves(string adapter, IEnumerable<string> labels)
    {
        foreach (var label in _names.Add(adapter, labels)) _intents.Add(0, Tag("adapter", adapter), Tag("label", label));
        _intents.Add(0, Tag("adapter", _names.Adapter(adapter)), Tag("label", KnownNames.Abstain));
        foreach (var reason in Enum.GetValues<AbstentionReason>()) CountAbstention(_names.Adapter(adapter), reason, 0);
        _tokens.Add(0, Tag("adapter", _names.Adapter(adapter)));
        _reused.Add(0, Tag("adapter", _names.Adapter(adapter)));
    }

    /// <summary>Counts an adapter that was put, replaced or removed while serving.</summary>
    public void Swapped(string adapter, AdapterChange change) =>
        _swaps.Add(1, Tag("adapter", _names.Adapter(adapter)), Tag("change", KnownNames.Of(change)));

    /// <summary>Counts and times a request that was answered.</summary>
    /// <param name="route">The template of the route, never the caller's path; null is "other".</param>
    /// <param name="adapter">The adapter that was asked for; null is a request that needs none.</param>
    public void Request(string? route, string? adapter, int code, double seconds)
    {
        var (place, name) = (Tag("route", _names.Route(route)), Tag("adapter", _names.Adapter(adapter)));
        _requests.Add(1, place, name, Tag("code", KnownNames.Code(code)));
        if (code is < 400 or >= 500) _duration.Record(seconds, place, name);
    }

    /// <summary>Times the parts of a row's or a request's way through the server.</summary>
    public void Phases(string? route, string? adapter, PhaseSeconds phases)
    {
        var (place, name) = (Tag("route", _names.Route(route)), Tag("adapter", _names.Adapter(adapter)));
        _tokenizeDuration.Record(phases.Tokenize, place, name);
        _queueDuration.Record(phases.Queue, place, name);
        _computeDuration.Record(phases.Compute, place, name);
    }

    /// <summary>Counts the tokens of a prompt that was computed.</summary>
    /// <param name="tokens">All of the prompt's tokens.</param>
    /// <param name="reused">Those of them whose keys and values were kept from an earlier forward.</param>
    public void Prompt(string? adapter, int tokens, int reused)
    {
        var name = Tag("adapter", _names.Adapter(adapter));
        _tokens.Add(tokens, name);
        if (reused > 0) _reused.Add(reused, name);
    }

    /// <summary>Counts a text that was classified.</summary>
    /// <param name="label">The most probable intent. One that <see cref="Serves"/> did not name, as a caller's own choice, is "other".
    /// </param>
    /// <param name="confidence">The calibrated probability of it, 0 to 1.</param>
    /// <param name="abstention">Why the answer was withheld; null means that it was given.</param>
    public void Answer(string? adapter, string label, double confidence, AbstentionReason? abstention)
    {
        var name = _names.Adapter(adapter);
        var answered = abstention is null ? _names.Label(name, label) : KnownNames.Abstain;
        _intents.Add(1, Tag("adapter", name), Tag("label", answered));
        _confidence.Record(confidence, Tag("adapter", name));
        if (abstention is { } reason) CountAbstention(name, reason, 1);
    }

    /// <summary>Counts a request that was refused. The status is counted by <see cref="Request"/> as for any other.</summary>
    public void Rejected(RejectionReason reason) => _rejected.Add(1, Tag("reason", KnownNames.Of(reason)));

    /// <summary>Counts a text that a shadow scored beside the adapter that answered.</summary>
    public void Shadow(string? adapter, string shadow, bool isSame) => _shadow.Add(1, Tag("adapter", _names.Adapter(adapter)),
        Tag("shadow", _names.Adapter(shadow)), Tag("agreement", isSame ? "same" : "other"));

    /// <summary>Counts a forward.</summary>
    public void Forward(int rows, int tokens)
    {
        _batchRows.Record(rows);
        _batchTokens.Record(tokens);
    }

    /// <summary>Counts a forward that failed and whose rows are answered with an error.</summary>
    public void ForwardFailed() => _failures.Add(1);

    /// <summary>Counts a forward that is done again by halves because the device's memory was exhausted.</summary>
    public void BatchHalved() => _halvings.Add(1);

    void ObserveState(Meter meter)
    {
        Gauge("finintent.queue.requests", "{request}", "Requests that are accepted and not answered.", () => Queue().Requests);
        Gauge("finintent.queue.rows", "{row}", "Texts that are accepted and not answered.", () => Queue().Rows);
        Gauge("finintent.queue.rows.limit", "{row}", "Texts that may be accepted; more are refused.", () => Queue().RowsLimit);
        Gauge("finintent.queue.tokens", "{token}", "Tokens of the texts that are accepted and not answered.", () => Queue().Tokens);
        Gauge("finintent.queue.tokens.limit", "{token}", "Tokens that may be accepted; more are refused.", () => Queue().TokensLimit);
        Gauge("finintent.running.rows", "{row}", "Texts that are in a forward.", () => Queue().Running);
        Gauge("finintent.ready", "", "1 while the server takes requests, else 0.", () => IsReady() ? 1 : 0);
        meter.CreateObservableGauge("finintent.device.memory", () => DeviceMemory().Select(device =>
            new Measurement<long>(device.Bytes, Tag("device", device.Device))), "By", "Bytes in use on a device.");
        var residency = new Residency(_names);
        meter.CreateObservableGauge("finintent.adapters.loaded", () => residency.Of(AdaptersLoaded()), "",
            "1 while an adapter's factors lie on the device, else 0.");
        Measurement<long> build = new(1, Tag("version", meter.Version), Tag("dotnet", Environment.Version.ToString()));
        meter.CreateObservableGauge("finintent.build_info", () => build, "", "The version of the server and of .NET.");

        void Gauge(string name, string unit, string description, Func<long> value) =>
            meter.CreateObservableGauge(name, value, unit, description);
    }

    /// <summary>Without a first zero, a rate does not see the first event of a series.</summary>
    void StartAtZero()
    {
        foreach (var reason in Enum.GetValues<RejectionReason>()) _rejected.Add(0, Tag("reason", KnownNames.Of(reason)));
        _failures.Add(0);
        _halvings.Add(0);
    }

    void CountAbstention(string adapter, AbstentionReason reason, int texts) =>
        _abstentions.Add(texts, Tag("adapter", adapter), Tag("reason", KnownNames.Of(reason)));

    static KeyValuePair<string, object?> Tag(string key, string? value) => new(key, value);
}

/// <summary>Says how full the queue is.</summary>
/// <param name="Requests">Requests that are accepted and not answered.</param>
/// <param name="Rows">Their texts.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Running">Those of the texts that do not wait but are in a forward.</param>
readonly record struct QueueState(int Requests, int Rows, long Tokens, int Running)
{
    public int RowsLimit { get; init; }
    public long TokensLimit { get; init; }
}

/// <summary>How long the parts of a row's way took, in seconds.</summary>
readonly record struct PhaseSeconds(double Tokenize, double Queue, double Compute);

enum RejectionReason { QueueFull, TooLong, Rate, Draining, Deadline, Auth }

enum AdapterChange { Put, Replaced, Removed }
