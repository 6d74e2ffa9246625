using System.Net;
using System.Text.RegularExpressions;
using FinIntent.Tests.Server;
using FinIntent.Tests.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The server's metrics and deploy/prometheus before Prometheus' own programs: Debian's package "prometheus" has both.</summary>
[Trait("tier", "demand")]
public sealed partial class PrometheusTests : IDisposable
{
    const string Adapter = "cards";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Explicit = true)]
    public async Task Promtool_has_nothing_to_say_of_the_metrics()
    {
        Needs();
        await using var server = await Start();
        await Play(server);

        var text = await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        var said = await PrometheusServer.Promtool(text, "check", "metrics");

        Assert.Equal("", said.Trim());
    }

    [Fact(Explicit = true)]
    public async Task Promtool_reads_the_rules_the_alerts_and_the_configuration()
    {
        Needs();

        await PrometheusServer.Promtool("", "check", "config", "--lint=all", "--lint-fatal", In("prometheus.yml"));
        await PrometheusServer.Promtool("", "check", "rules", "--lint=all", "--lint-fatal", In("rules.yml"), In("alerts.yml"));
    }

    [Theory(Explicit = true), InlineData("alerts.test.yml"), InlineData("drift.test.yml")]
    public async Task Each_alert_fires_once_for_its_cause_and_none_in_quiet_hours(string file)
    {
        Needs();

        Assert.Contains("SUCCESS", await PrometheusServer.Promtool("", "test", "rules", In(file)));
    }

    [Fact(Explicit = true)]
    public async Task Every_panels_and_every_rules_query_has_a_series_in_a_real_scrape()
    {
        Needs();
        await using var server = await Start();
        await Play(server);
        await using var prometheus = await PrometheusServer.Start(_folder, server.Server.Address, await History(server));
        for (var second = 0; second < 8; second++)
        {
            await Play(server);
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }

        List<string> empty = [];
        foreach (var query in Queries())
            if (await prometheus.Count(query) == 0) empty.Add(query);

        Assert.Empty(empty);
        Assert.Empty(await prometheus.RuleErrors());
    }

    static void Needs() => Tier.NeedsOnDemand(PrometheusServer.IsHere, "no prometheus and promtool: apt-get install prometheus");

    /// <summary>A real server with two adapters, one of which is the other's shadow.</summary>
    Task<RunningServer> Start() => RunningServer.StartAsync(new()
    {
        Adapters = [new(Adapter, TestAdapters.Write(_folder["a"], 1)), new("next", TestAdapters.Write(_folder["next"], 2))],
        Shadow = "next",
    });

    static async Task Play(RunningServer server)
    {
        var (status, body) = await server.PostAsync(Traffic.Classify, $$"""{"input": ["怎么开户", "大盘怎么样"], "adapter": "{{Adapter}}"}""");
        Assert.True(status == HttpStatusCode.OK, $"{body}");
    }

    /// <summary>The queries as they are, a dashboard's variables filled in, an alert's without the threshold that quiet traffic does not
    /// pass.</summary>
    static IEnumerable<string> Queries() =>
    [
        .. PrometheusFiles.PanelQueries().Select(panel => Filled(panel.Query)),
        .. PrometheusFiles.VariableQueries().Select(query => Filled(LabelValues().Replace(query, "$1"))),
        .. PrometheusFiles.Rules.Select(rule => rule.Alert is null ? rule.Expression : WithoutThreshold(rule.Expression)),
    ];

    static string Filled(string query) => query.Replace("$__rate_interval", "1m").Replace("$job", ".*").Replace("$adapter", ".*");

    static string WithoutThreshold(string query) => Absent().Replace(Threshold().Replace(query, ""), "$1");

    /// <summary>A week in which each of the adapter's intents was answered equally often.</summary>
    static async Task<string> History(RunningServer server)
    {
        var now = Exposition.Parse(await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));
        return PrometheusServer.History(DateTimeOffset.UtcNow,
        [
            .. now.Samples("finintent_intent_total", ("adapter", Adapter)).Select(sample =>
                (Series("job_adapter_label:finintent_intent:increase5m", "label", sample), 12d)),
            .. now.Samples("finintent_confidence_bucket", ("adapter", Adapter)).Select((sample, i) =>
                (Series("job_adapter_le:finintent_confidence_bucket:increase5m", "le", sample), 12d * (i + 1))),
        ]);
    }

    static string Series(string name, string label, Sample sample) =>
        $$"""{{name}}{job="finintent",adapter="{{Adapter}}",{{label}}="{{sample.Labels[label]}}"}""";

    static string In(string file) => Path.Combine(PrometheusFiles.Folder, file);

    [GeneratedRegex(@"\s(>=|<=|==|>|<)\s[0-9.]+")]
    private static partial Regex Threshold();

    [GeneratedRegex(@"^absent\((.*)\)$")]
    private static partial Regex Absent();

    [GeneratedRegex(@"^label_values\((.*), \w+\)$")]
    private static partial Regex LabelValues();
}
