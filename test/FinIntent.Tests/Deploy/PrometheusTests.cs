using System.Text.RegularExpressions;
using FinIntent.Tests.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The server's metrics and deploy/prometheus before Prometheus' own programs: Debian's package "prometheus" has both.</summary>
[Trait("tier", "demand")]
public sealed partial class PrometheusTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Explicit = true)]
    public async Task Promtool_has_nothing_to_say_of_the_metrics()
    {
        Needs();
        await using var server = await MetricsServer.Start();
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
        await using var server = await MetricsServer.Start();
        await Play(server);
        await using var prometheus = await PrometheusServer.Start(_folder, server.Address, History());
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

    static async Task Play(MetricsServer server)
    {
        if (!server.Metrics.IsReady()) Traffic.Begin(server.Metrics);
        Traffic.Round(server.Metrics);
        (await server.Client.GetAsync("/answer/200?adapter=cards", TestContext.Current.CancellationToken)).Dispose();
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

    static string History() => PrometheusServer.History(DateTimeOffset.UtcNow,
    [
        .. Traffic.Labels.Append("abstain").Select(label =>
            ($$"""job_adapter_label:finintent_intent:increase5m{job="finintent",adapter="cards",label="{{label}}"}""", 12d)),
        .. ((string[])["0.25", "0.5", "0.95", "+Inf"]).Select((bound, i) =>
            ($$"""job_adapter_le:finintent_confidence_bucket:increase5m{job="finintent",adapter="cards",le="{{bound}}"}""", 12d * (i + 1))),
    ]);

    static string In(string file) => Path.Combine(PrometheusFiles.Folder, file);

    [GeneratedRegex(@"\s(>=|<=|==|>|<)\s[0-9.]+")]
    private static partial Regex Threshold();

    [GeneratedRegex(@"^absent\((.*)\)$")]
    private static partial Regex Absent();

    [GeneratedRegex(@"^label_values\((.*), \w+\)$")]
    private static partial Regex LabelValues();
}
