using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Deploy;

/// <summary>A rule of Prometheus: a recorded series, or an alert where <paramref name="Alert"/> is not null.</summary>
sealed record PrometheusRule(string? Record, string? Alert, string Expression);

/// <summary>What deploy/prometheus and deploy/grafana ask of Prometheus.</summary>
static partial class PrometheusFiles
{
    public static readonly string Folder = Path.Combine(Reference.Root, "deploy", "prometheus");

    public static readonly string Dashboard = Path.Combine(Reference.Root, "deploy", "grafana", "finintent.json");

    /// <summary>The words of PromQL that stand where a metric's name may stand.</summary>
    static readonly HashSet<string> Words =
    [
        "sum", "avg", "max", "min", "by", "on", "without", "group_left", "group_right", "and", "or", "unless", "offset", "bool",
        "rate", "increase", "histogram_quantile", "clamp_min", "ln", "abs", "absent", "sum_over_time", "label_values", "round",
    ];

    public static IReadOnlyList<PrometheusRule> Rules { get; } = [.. RulesOf("rules.yml"), .. RulesOf("alerts.yml")];

    /// <summary>The queries of all panels by the panel's title, as they are written.</summary>
    public static IReadOnlyList<(string Panel, string Query)> PanelQueries()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Dashboard));
        return
        [
            .. from panel in json.RootElement.GetProperty("panels").EnumerateArray()
               where panel.TryGetProperty("targets", out _)
               from target in panel.GetProperty("targets").EnumerateArray()
               select (panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!),
        ];
    }

    /// <summary>The queries by which the dashboard's variables get their values.</summary>
    public static IReadOnlyList<string> VariableQueries()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Dashboard));
        return
        [
            .. from variable in json.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray()
               where variable.GetProperty("type").GetString() == "query"
               select variable.GetProperty("definition").GetString()!,
        ];
    }

    /// <summary>Returns the metrics and recorded series that a query names.</summary>
    public static IReadOnlyList<string> NamesIn(string query)
    {
        var bare = Label().Replace(Grouping().Replace(Selector().Replace(query, " "), " "), " ");
        return [.. Name().Matches(bare).Select(match => match.Value).Where(word => !Words.Contains(word)).Distinct()];
    }

    static IEnumerable<PrometheusRule> RulesOf(string file)
    {
        YamlStream yaml = [];
        yaml.Load(new StringReader(File.ReadAllText(Path.Combine(Folder, file))));
        return from YamlMappingNode @group in (YamlSequenceNode)yaml.Documents[0].RootNode["groups"]
               from YamlMappingNode rule in (YamlSequenceNode)@group["rules"]
               select new PrometheusRule(Text(rule, "record"), Text(rule, "alert"), Text(rule, "expr")!);
    }

    static string? Text(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out var value) ? value.ToString() : null;

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]|""[^""]*""")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\b(by|on|without|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    /// <summary>The last argument of label_values is a label; a duration after offset is none either.</summary>
    [GeneratedRegex(@",\s*[a-z]+\s*\)|\boffset\s+\w+")]
    private static partial Regex Label();

    [GeneratedRegex(@"(?<![\w.:])[a-zA-Z_:][a-zA-Z0-9_:]*")]
    private static partial Regex Name();
}
