using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Tests.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The dashboard, the rules and the alerts agree with each other and with the server's metrics.</summary>
public sealed partial class PrometheusFilesTests
{
    [Fact]
    public async Task Every_name_in_a_panel_a_rule_or_an_alert_is_a_metric_of_the_server_or_a_recorded_series()
    {
        using MetricsFixture host = new();
        Traffic.Begin(host.Metrics);
        Traffic.Round(host.Metrics);
        var text = await host.Scrape();
        HashSet<string> known =
        [
            "up", .. text.Families.Values.SelectMany(family => family.Samples).Select(sample => sample.Name),
            .. PrometheusFiles.Rules.Select(rule => rule.Record).OfType<string>(),
        ];

        var unknown = from query in Queries()
                      from name in PrometheusFiles.NamesIn(query)
                      where !known.Contains(name)
                      select $"{name} in {query}";

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_recorded_series_is_asked_for()
    {
        var asked = Queries().SelectMany(PrometheusFiles.NamesIn).ToHashSet();

        Assert.Empty(PrometheusFiles.Rules.Select(rule => rule.Record).OfType<string>().Except(asked));
    }

    [Fact]
    public async Task Every_metric_of_the_page_is_in_a_panel_a_rule_or_an_alert()
    {
        using MetricsFixture host = new();
        Traffic.Begin(host.Metrics);
        Traffic.Round(host.Metrics);
        var asked = Queries().SelectMany(PrometheusFiles.NamesIn).Select(Family).ToHashSet();

        var metrics = (await host.Scrape()).Families.Keys.Where(name => name.StartsWith("finintent_", StringComparison.Ordinal));

        Assert.Empty(metrics.Except(asked));
    }

    /// <summary>promtool plays these files on demand.</summary>
    [Fact]
    public void Every_alert_has_a_test_in_which_it_fires_and_quiet_hours_in_which_it_does_not()
    {
        var (alerts, drift) = (Read("alerts.test.yml"), Read("drift.test.yml"));
        var quiet = QuietBlock().Match(alerts).Value;
        var quietDays = QuietBlock().Match(drift).Value;

        Assert.All(PrometheusFiles.Rules.Select(rule => rule.Alert).OfType<string>(), alert =>
        {
            Assert.Matches($@"alertname: {alert}\n\s+exp_alerts:", alerts + drift);
            Assert.Contains($"alertname: {alert} }}", quiet);
            Assert.Contains($"alertname: {alert} }}", quietDays);
        });
    }

    [Fact]
    public void Panels_have_ids_of_their_own_and_do_not_overlap_and_ask_the_data_source_that_is_chosen()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(PrometheusFiles.Dashboard));
        var panels = json.RootElement.GetProperty("panels").EnumerateArray().ToList();
        var cells = from panel in panels
                    let grid = panel.GetProperty("gridPos")
                    from x in Enumerable.Range(grid.GetProperty("x").GetInt32(), grid.GetProperty("w").GetInt32())
                    from y in Enumerable.Range(grid.GetProperty("y").GetInt32(), grid.GetProperty("h").GetInt32())
                    select (x, y);

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.x, 0, 23));
        Assert.Equal(cells.Count(), cells.Distinct().Count());
        Assert.All(panels.Where(panel => panel.GetProperty("type").GetString() != "row"),
            panel => Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString()));
    }

    [Fact]
    public void A_query_names_what_PromQL_would_read()
    {
        Assert.Equal(["a_total", "job:b:rate5m"], PrometheusFiles.NamesIn(
            """sum by (job, le) (rate(a_total{x="y", z!~"q|r"}[5m])) / on (job) group_left () (job:b:rate5m > 0) * 1e3"""));
        Assert.Equal(["up"], PrometheusFiles.NamesIn("label_values(up{job=~\"$job\"}, adapter)"));
        Assert.Equal(["c"], PrometheusFiles.NamesIn("sum_over_time(c[7d] offset 1d) * 0"));
    }

    static IEnumerable<string> Queries() => PrometheusFiles.Rules.Select(rule => rule.Expression)
        .Concat(PrometheusFiles.PanelQueries().Select(panel => panel.Query)).Concat(PrometheusFiles.VariableQueries());

    static string Family(string name) => HistogramPart().Replace(name, "");

    static string Read(string file) => File.ReadAllText(Path.Combine(PrometheusFiles.Folder, file));

    [GeneratedRegex("(?<=finintent_(?:request_duration_seconds|queue_duration_seconds|tokenize_duration_seconds|compute_duration_seconds"
        + "|batch_rows|batch_tokens|confidence))_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();

    [GeneratedRegex(@"- name: (a quiet hour|nine quiet days)\n(.*\n)*?(?=\n  (- name|#)|\z)")]
    private static partial Regex QuietBlock();
}
