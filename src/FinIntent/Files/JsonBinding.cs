using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace FinIntent.Files;

/// <summary>Says, in words for users, why a converter of this program does not take a value.</summary>
sealed class UnfitJsonException(string message) : JsonException(message);

/// <summary>Reads JSON values into types, and says in this program's own words which key holds what it must not hold.</summary>
/// <remarks>
/// A value is looked at key by key before the serializer sees it: a missing key, an unknown one where the type allows none, null where the
/// type has no null, and a value of another kind or out of range. All members are thread-safe.
/// </remarks>
static class JsonBinding
{
    /// <summary>Reads a value into a type.</summary>
    /// <param name="file">The file, or file and line, with which messages begin.</param>
    /// <param name="key">The key under which the value stands in the file; empty for a whole file.</param>
    /// <exception cref="UserErrorException">The value does not fit: the message has file, key and both values.</exception>
    public static T Bind<T>(JsonElement json, JsonSerializerOptions options, string file, string key = "")
    {
        options.MakeReadOnly(populateMissingResolver: true);
        Check(json, options.GetTypeInfo(typeof(T)), new(file, key));
        try
        {
            return json.Deserialize<T>(options)!;
        }
        catch (UnfitJsonException e)
        {
            throw new Place(file, key.Length == 0 ? e.Path?.TrimStart('$', '.') ?? "" : key).Error(e.Message, e);
        }
        catch (Exception e) when (IsUnfit(e))
        {
            throw new Place(file, key).Error($"its value cannot be used: {Shown(json)}", e);
        }
    }

    /// <summary>Returns a value for a message: short, and in its own spelling.</summary>
    public static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Undefined => "nothing",
        _ => TerminalText.Short(value.GetRawText()),
    };

    readonly record struct Place(string File, string Key)
    {
        public Place Inside(string name) => this with { Key = Key.Length == 0 ? name : $"{Key}.{name}" };

        public Place At(int index) => this with { Key = $"{Key}[{index}]" };

        public UserErrorException Error(string message, Exception? inner = null) =>
            new(Key.Length == 0 ? $"{File}: {message}" : $"{File}: {Key}: {message}", inner);
    }

    static void Check(JsonElement json, JsonTypeInfo type, Place place)
    {
        if (type.Kind == JsonTypeInfoKind.None) CheckLeaf(json, type, place);
        else if (json.ValueKind == JsonValueKind.Null) throw place.Error($"expected {Expected(type)}, got null");
        else if (type.Kind == JsonTypeInfoKind.Object) CheckObject(json, type, place);
        else if (json.ValueKind != (type.Kind == JsonTypeInfoKind.Enumerable ? JsonValueKind.Array : JsonValueKind.Object))
            throw place.Error($"expected {Expected(type)}, got {Shown(json)}");
        else if (type.ElementType is { } element) CheckElements(json, type.Options.GetTypeInfo(element), place);
    }

    static void CheckElements(JsonElement json, JsonTypeInfo element, Place place)
    {
        if (json.ValueKind == JsonValueKind.Array)
            foreach (var (i, value) in json.EnumerateArray().Index()) Check(value, element, place.At(i));
        else
            foreach (var pair in json.EnumerateObject()) Check(pair.Value, element, place.Inside(pair.Name));
    }

    static void CheckObject(JsonElement json, JsonTypeInfo type, Place place)
    {
        if (json.ValueKind != JsonValueKind.Object) throw place.Error($"expected {Expected(type)}, got {Shown(json)}");
        var comparison = type.Options.PropertyNameCaseInsensitive ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var properties = type.Properties.Where(p => !p.IsExtensionData && (p.Set is not null || p.AssociatedParameter is not null))
            .ToDictionary(p => p.Name, comparison);
        var handling = type.UnmappedMemberHandling ?? type.Options.UnmappedMemberHandling;
        foreach (var pair in json.EnumerateObject())
        {
            if (properties.Remove(pair.Name, out var property)) CheckProperty(pair.Value, property, type.Options, place.Inside(pair.Name));
            else if (handling == JsonUnmappedMemberHandling.Disallow)
                throw place.Error($"unknown key \"{TerminalText.Short(pair.Name)}\"");
        }
        if (properties.Values.FirstOrDefault(p => p.IsRequired) is { } missing) throw place.Error($"the key \"{missing.Name}\" is missing");
    }

    static void CheckProperty(JsonElement json, JsonPropertyInfo property, JsonSerializerOptions options, Place place)
    {
        var isNullable = property.AssociatedParameter?.IsNullable ?? property.IsSetNullable;
        if (property.CustomConverter is not null || (json.ValueKind == JsonValueKind.Null && isNullable)) return;
        Check(json, options.GetTypeInfo(property.PropertyType), place);
    }

    static void CheckLeaf(JsonElement json, JsonTypeInfo type, Place place)
    {
        if (json.ValueKind == JsonValueKind.Null && Nullable.GetUnderlyingType(type.Type) is not null) return;
        if (json.ValueKind == JsonValueKind.Null && type.Type != typeof(JsonElement) && !typeof(JsonNode).IsAssignableFrom(type.Type))
            throw place.Error($"expected {Expected(type)}, got null");
        try
        {
            json.Deserialize(type);
        }
        catch (Exception e) when (IsUnfit(e))
        {
            throw place.Error($"expected {Expected(type)}, got {Shown(json)}", e);
        }
    }

    // What the serializer and its converters throw at a value, and no error of this program's own.
    static bool IsUnfit(Exception e) =>
        e is JsonException or NotSupportedException or InvalidOperationException or FormatException or OverflowException
            or ArgumentException;

    static string Expected(JsonTypeInfo info)
    {
        var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (type.IsEnum) return $"one of {string.Join(", ", Words(type, info.Options))}";
        return info.Kind switch
        {
            JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "an object",
            JsonTypeInfoKind.Enumerable => "a list",
            _ => ExpectedLeaf(type),
        };
    }

    static IEnumerable<string> Words(Type type, JsonSerializerOptions options) => Enum.GetValuesAsUnderlyingType(type).Cast<object>()
        .Select(value => JsonSerializer.Serialize(Enum.ToObject(type, value), type, options).Trim('"'));

    static string ExpectedLeaf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => "true or false",
        TypeCode.String => "a text",
        TypeCode.Byte => "a whole number from 0 to 255",
        TypeCode.Int32 => $"a whole number up to {int.MaxValue}",
        TypeCode.Int16 or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.Int64 or TypeCode.UInt64 => "a whole number",
        TypeCode.Single or TypeCode.Double or TypeCode.Decimal => "a number",
        TypeCode.DateTime => "a time such as 2026-01-31T12:00:00Z",
        _ => type == typeof(DateTimeOffset) ? "a time such as 2026-01-31T12:00:00Z" : "another kind of value",
    };
}
