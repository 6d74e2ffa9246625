using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Net;
using System.Text.Json.Nodes;
using FinIntent.Server;
using FinIntent.Tests.Classification;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server.TextLog;

/// <summary>Asks the real server with a text that nobody else has, while all that it logs, traces and measures is collected.</summary>
[Collection(MeasuringCollection.Name)] // listeners hear the whole process
public sealed class CanaryTests : IDisposable
{
    const string Canary = "金丝雀扎西卓玛", Number = "13800138000";

    readonly TemporaryFolder _folder = new();
    readonly CollectedLog _log = new();
    readonly ConcurrentQueue<string> _traces = [], _events = [];

    public void Dispose() => _folder.Dispose();

    /// <summary>Routes that take text, with the text in every place where one may stand, right and wrong.</summary>
    public static TheoryData<string, string> Requests => new()
    {
        { "/v1/intent/classify", $$"""{"input": "{{Canary}}{{Number}}"}""" },
        { "/v1/intent/classify", $$"""{"input": [{"text": "{{Canary}}{{Number}}", "id": "{{Canary}}"}]}""" },
        { "/v1/intent/classify", $$"""{"input": "a", "adapter": "{{Canary}}"}""" },
        { "/v1/intent/classify", $$"""{"input": "a", "{{Canary}}": 1}""" },
        { "/v1/intent/classify", $$"""{"input": "{{Canary}}", "top_k": "{{Canary}}"}""" },
        { "/v1/intent/classify", $$"""{"input": "{{Canary}}" {{Canary}}""" },
        { "/v1/chat/completions", $$"""{"model": "finintent", "messages": [{"role": "user", "content": "{{Canary}}{{Number}}"}]}""" },
        { "/classify", $$"""{"model": "finintent", "input": "{{Canary}}{{Number}}"}""" },
        { "/predict", $$"""{"inputs": "{{Canary}}{{Number}}"}""" },
        { "/api/chat", $$"""{"model": "finintent", "messages": [{"role": "user", "content": "{{Canary}}{{Number}}"}], "stream": false}""" },
    };

    [Fact]
    public async Task A_callers_text_is_in_the_answer_and_the_text_log_and_nowhere_else()
    {
        using var spans = Spans();
        using var metrics = Metrics();
        using EventCollector events = new(_events);
        await using (var server = await RunningServer.StartAsync(new() { LogText = _folder["texts"], ServedModelName = "finintent" },
            configure: builder => builder.Logging.ClearProviders().AddProvider(_log).SetMinimumLevel(LogLevel.Trace)))
        {
            foreach (var (path, body) in Requests.Select(row => row.Data)) await Ask(server, path, body);
            await server.Server.DisposeAsync();
        }

        Assert.NotEmpty(_log.Lines);
        Assert.NotEmpty(_traces);
        Assert.NotEmpty(_events);
        foreach (var (kind, told) in new[] { ("log", _log.Lines), ("trace", _traces), ("event", _events) })
            Assert.DoesNotContain(told, line => Holds(line, kind));
        var lines = Directory.GetFiles(_folder["texts"], "*.jsonl").SelectMany(File.ReadLines).ToList();
        Assert.DoesNotContain(lines, line => line.Contains(Number, StringComparison.Ordinal));
        var texts = lines.Select(line => (string)JsonNode.Parse(line)!["text"]!);
        Assert.InRange(texts.Count(text => text == $"{Canary}[NUM]"), 2, Requests.Count);
    }

    static bool Holds(string line, string kind)
    {
        var escaped = Uri.EscapeDataString(Canary);
        var json = string.Concat(Canary.Select(c => $"\\u{(int)c:X4}"));
        string[] forms = [Canary, Canary[..3], Number, escaped, json];
        var isHeld = forms.Any(form => line.Contains(form, StringComparison.OrdinalIgnoreCase));
        Assert.False(isHeld, $"{kind}: {line}");
        return isHeld;
    }

    static async Task Ask(RunningServer server, string path, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(path, content, TestContext.Current.CancellationToken);
        Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    ActivityListener Spans()
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _traces.Enqueue(string.Join(' ', [
                activity.DisplayName, activity.StatusDescription, .. activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"),
                .. activity.Baggage.Select(item => $"{item.Key}={item.Value}"),
                .. activity.Events.SelectMany(e => e.Tags.Select(tag => $"{e.Name} {tag.Key}={tag.Value}"))])),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    MeterListener Metrics()
    {
        MeterListener listener = new() { InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, tags));
        listener.Start();
        return listener;
    }

    void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _traces.Enqueue($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}");

    /// <summary>Hears the server's event sources, as dotnet-trace does; the client's, in the same process, are left out.</summary>
    sealed class EventCollector(ConcurrentQueue<string> events) : EventListener
    {
        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name.Contains("AspNetCore", StringComparison.Ordinal))
                EnableEvents(source, EventLevel.Verbose, EventKeywords.All);
        }

        protected override void OnEventWritten(EventWrittenEventArgs written) =>
            events?.Enqueue($"{written.EventSource.Name} {written.EventName} {string.Join(' ', written.Payload ?? new([]))}");
    }
}
