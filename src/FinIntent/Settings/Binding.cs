using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using static System.FormattableString;

namespace FinIntent.Settings;

/// <summary>The keys of a settings record are its settable properties; entries become their values.</summary>
static class Binding
{
    public static string KeyOf(MemberInfo member) =>
        member.GetCustomAttribute<KeyAttribute>()?.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name);

    public static IEnumerable<PropertyInfo> PropertiesOf(Type record) =>
        record.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite);

    /// <summary>What cannot be bound keeps its default, and a problem says why.</summary>
    public static object Bind(Type type, IReadOnlyDictionary<string, Entry> entries, List<string> problems)
    {
        var record = Activator.CreateInstance(type)!;
        foreach (var property in PropertiesOf(type))
        {
            if (!entries.TryGetValue(KeyOf(property), out var entry)) continue;
            UserErrorException.Note(() => property.SetValue(record, Value(property, entry)), problems);
        }
        return record;
    }

    /// <summary>Keys and values as a settings file would hold them.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Resolved(object record) =>
        PropertiesOf(record.GetType()).Select(p => new KeyValuePair<string, object?>(KeyOf(p), Plain(p.GetValue(record))));

    static object? Plain(object? value) => value switch
    {
        Enum member => KeyOf(member.GetType().GetField(member.ToString())!),
        string or IDictionary or JsonNode => value,
        IEnumerable list => list.Cast<object?>().Select(Plain).ToArray(),
        _ => value,
    };

    static object Value(PropertyInfo property, Entry entry)
    {
        var value = Convert(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, entry, entry.Value);
        if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
            throw entry.Error($"{entry.Text} is out of range; {Words(range)}");
        return value;
    }

    static string Words(RangeAttribute range)
    {
        var lower = System.Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
        var upper = System.Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        var text = Invariant($"allowed are numbers {(range.MinimumIsExclusive ? "above" : "from")} {lower}");
        return upper >= int.MaxValue ? text : Invariant($"{text} {(range.MaximumIsExclusive ? "to below" : "to")} {upper}");
    }

    static object Convert(Type type, Entry entry, YamlNode node)
    {
        if (type == typeof(IReadOnlyDictionary<string, double>)) return Map(entry, node);
        if (type == typeof(JsonObject))
            return Json(entry, node) as JsonObject ?? throw entry.Error("expected a map, such as {reasoning_effort: low}");
        if (type.IsGenericType) return List(type.GetGenericArguments()[0], entry, node);
        if (node is not YamlScalarNode { Value: { } text }) throw entry.Error("expected one value, got a list or a map");
        if (type == typeof(string)) return text;
        if (type == typeof(bool)) return Boolean(text) ?? throw entry.Error($"expected true or false, got \"{text}\"");
        if (type.IsEnum) return Member(type, entry, text);

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            throw entry.Error($"expected a number, got \"{text}\"");
        if (type == typeof(double)) return number;
        if (number != Math.Floor(number) || Math.Abs(number) > int.MaxValue) throw entry.Error($"expected a whole number, got \"{text}\"");
        return (int)number;
    }

    // YAML 1.1's words, which Python's reader takes.
    public static bool? Boolean(string text) => text.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ => null,
    };

    static object Member(Type type, Entry entry, string text)
    {
        // A bare `no` is a boolean to YAML 1.1 readers, and so is "false" for a strategy to LLaMA-Factory.
        var wanted = text.ToLowerInvariant() == "false" ? "no" : text.ToLowerInvariant();
        var members = type.GetFields(BindingFlags.Public | BindingFlags.Static);
        var found = members.FirstOrDefault(m => KeyOf(m) == wanted || m.GetCustomAttribute<KeyAttribute>()?.Formerly == wanted);
        if (found is not null) return found.GetValue(null)!;
        throw entry.Error(LlamaFactoryKeys.RefusedValues.TryGetValue((entry.Key, wanted), out var reason)
            ? $"{text} is not supported: {reason}"
            : $"\"{text}\" is not one of {string.Join(", ", members.Select(KeyOf))}");
    }

    const StringSplitOptions Split = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

    static Array List(Type type, Entry entry, YamlNode node)
    {
        var items = node switch
        {
            YamlSequenceNode list => list.Children,
            YamlScalarNode { Value: { } text } => [.. text.Split(',', Split).Select(part => new YamlScalarNode(part))],
            _ => throw entry.Error("expected a list, or values with commas between"),
        };
        var values = Array.CreateInstance(type, items.Count);
        for (var i = 0; i < items.Count; i++) values.SetValue(Convert(type, entry, items[i]), i);
        return values;
    }

    static Dictionary<string, double> Map(Entry entry, YamlNode node)
    {
        if (node is not YamlMappingNode map) throw entry.Error("expected a map of names to numbers, such as {num_cycles: 2}");
        return map.Children.ToDictionary(pair => pair.Key.ToString(), pair => (double)Convert(typeof(double), entry, pair.Value));
    }

    static JsonNode? Json(Entry entry, YamlNode node) => node switch
    {
        YamlMappingNode map =>
            new JsonObject(map.Children.Select(pair => KeyValuePair.Create(pair.Key.ToString(), Json(entry, pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(item => Json(entry, item))]),
        YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any } plain => Scalar(plain.Value),
        YamlScalarNode quoted => JsonValue.Create(quoted.Value),
        _ => throw entry.Error("an alias is not read here; write the value out"),
    };

    /// <summary>An unquoted word by YAML's core schema: null, true, false, a number, or else a text.</summary>
    static JsonNode? Scalar(string? text)
    {
        if (text is null or "" or "~" or "null") return null;
        if (text is "true" or "false") return JsonValue.Create(text == "true");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
        return isNumber ? JsonValue.Create(number) : JsonValue.Create(text);
    }
}
