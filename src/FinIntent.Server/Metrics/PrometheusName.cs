namespace FinIntent.Server.Metrics;

/// <summary>A metric's name in Prometheus: OpenTelemetry's name and unit by the rules of the specification.</summary>
/// <remarks>
/// Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/. Besides, a name may not end as a histogram's
/// parts do: `promtool check metrics` refuses "dotnet_assembly_count", so it is "dotnet_assembly_number".
/// </remarks>
static class PrometheusName
{
    public const string Total = "_total";

    public static string Of(string name, string unit, bool isCounter)
    {
        var text = Sanitized(name);
        if (text.EndsWith("_count", StringComparison.Ordinal)) text = $"{text[..^"_count".Length]}_number";
        var suffix = Suffix(unit);
        if (suffix.Length > 0 && !text.EndsWith(suffix, StringComparison.Ordinal)) text += suffix;
        return isCounter && !text.EndsWith(Total, StringComparison.Ordinal) ? text + Total : text;
    }

    /// <summary>Returns a label's name: letters, digits and underscores.</summary>
    public static string Sanitized(string name)
    {
        var text = string.Create(name.Length, name, (to, from) =>
        {
            for (var i = 0; i < to.Length; i++) to[i] = char.IsAsciiLetterOrDigit(from[i]) ? from[i] : '_';
        });
        return text.Length == 0 || char.IsAsciiDigit(text[0]) ? $"_{text}" : text;
    }

    /// <summary>A unit in braces, as {request}, says what is counted and is no unit.</summary>
    static string Suffix(string unit) => unit switch
    {
        "s" => "_seconds",
        "ms" => "_milliseconds",
        "By" => "_bytes",
        "1" or "" => "",
        _ when unit.StartsWith('{') => "",
        _ => $"_{Sanitized(unit)}",
    };
}
