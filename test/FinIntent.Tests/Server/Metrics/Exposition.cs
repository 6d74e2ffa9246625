using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>One line of a family: a name, labels and a value.</summary>
sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Series => $"{Name}{{{string.Join(",", Labels.OrderBy(pair => pair.Key, StringComparer.Ordinal))}}}";
}

sealed record Family(string Name, string Type, string Help, List<Sample> Samples);

/// <summary>
/// Reads Prometheus' text format 0.0.4 more strictly than Prometheus does: what a reader would forgive is an error here. Rules:
/// https://prometheus.io/docs/instrumenting/exposition_formats/.
/// </summary>
sealed partial class Exposition
{
    readonly Dictionary<string, Family> _families = [];
    readonly HashSet<string> _series = [];

    public IReadOnlyDictionary<string, Family> Families => _families;

    public static Exposition Parse(string text)
    {
        Exposition result = new();
        Assert.EndsWith("\n", text);
        Assert.DoesNotContain('\r', text);
        Family? family = null;
        var lines = text[..^1].Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("# HELP ", StringComparison.Ordinal)) family = result.Begin(lines[i], lines[++i]);
            else result.Take(family, lines[i]);
        }
        Assert.All(result._families.Values, CheckFamily);
        return result;
    }

    public double Value(string name, params (string Key, string Value)[] labels) =>
        Assert.Single(Samples(name, labels)).Value;

    public IReadOnlyList<Sample> Samples(string name, params (string Key, string Value)[] labels) =>
        [.. _families.Values.SelectMany(family => family.Samples).Where(sample => sample.Name == name
            && labels.All(label => sample.Labels.TryGetValue(label.Key, out var value) && value == label.Value))];

    /// <summary>Returns the upper bound of a histogram's bucket.</summary>
    public static double Bound(Sample bucket) => Number(bucket.Labels["le"]);

    static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    Family Begin(string help, string type)
    {
        var (said, typed) = (HelpLine().Match(help), TypeLine().Match(type));
        Assert.True(said.Success, help);
        Assert.True(typed.Success, type);
        var name = said.Groups[1].Value;
        Assert.Equal(name, typed.Groups[1].Value);
        Family family = new(name, typed.Groups[2].Value, said.Groups[2].Value, []);
        Assert.True(_families.TryAdd(name, family), $"{name} is told twice");
        return family;
    }

    void Take(Family? family, string line)
    {
        Assert.NotNull(family);
        var match = SampleLine().Match(line);
        Assert.True(match.Success, line);
        Dictionary<string, string> labels = [];
        foreach (Match label in LabelPair().Matches(match.Groups["labels"].Value))
            Assert.True(labels.TryAdd(label.Groups[1].Value, Unescaped(label.Groups[2].Value)), $"{line} names a label twice");
        Sample sample = new(match.Groups["name"].Value, labels, Number(match.Groups["value"].Value));
        Assert.True(_series.Add(sample.Series), $"{sample.Series} is told twice");
        family.Samples.Add(sample);
    }

    static void CheckFamily(Family family)
    {
        Assert.NotEmpty(family.Samples);
        if (family.Type != "histogram")
        {
            Assert.All(family.Samples, sample => Assert.Equal(family.Name, sample.Name));
            Assert.Equal(family.Type == "counter", family.Name.EndsWith("_total", StringComparison.Ordinal));
            if (family.Type == "counter") Assert.All(family.Samples, sample => Assert.True(sample.Value >= 0, sample.Series));
            return;
        }
        var groups = family.Samples.GroupBy(sample =>
            string.Join(",", sample.Labels.Where(pair => pair.Key != "le").OrderBy(pair => pair.Key, StringComparer.Ordinal)));
        Assert.All(groups, group => CheckHistogram(family.Name, [.. group]));
    }

    static void CheckHistogram(string name, IReadOnlyList<Sample> samples)
    {
        var buckets = samples.Where(sample => sample.Name == $"{name}_bucket").ToList();
        var bounds = buckets.Select(Bound).ToList();

        Assert.Equal(bounds.Distinct().Order(), bounds);
        Assert.Equal(double.PositiveInfinity, bounds[^1]);
        Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
        Assert.Single(samples, sample => sample.Name == $"{name}_sum");
        Assert.Equal(buckets[^1].Value, Assert.Single(samples, sample => sample.Name == $"{name}_count").Value);
        Assert.Equal(buckets.Count + 2, samples.Count);
    }

    static string Unescaped(string text) => EscapePair().Replace(text, match => match.Value == "\\n" ? "\n" : match.Value[1..]);

    const string NamePattern = "[a-zA-Z_:][a-zA-Z0-9_:]*",
        LabelPattern = "([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\n\"])*)\"",
        ValuePattern = "-?[0-9.]+(E[+-][0-9]+)?|[+-]Inf|NaN";

    [GeneratedRegex($"^# HELP ({NamePattern}) (\\S.*)$")]
    private static partial Regex HelpLine();

    [GeneratedRegex($"^# TYPE ({NamePattern}) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex(
        $"^(?<name>{NamePattern})(\\{{(?<labels>{LabelPattern}(,{LabelPattern})*)\\}})? (?<value>{ValuePattern})$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex SampleLine();

    [GeneratedRegex(LabelPattern)]
    private static partial Regex LabelPair();

    [GeneratedRegex("\\\\.")]
    private static partial Regex EscapePair();
}
