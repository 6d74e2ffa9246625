using FinIntent.Classification;
using FinIntent.Files;
using FinIntent.Server.Errors;

namespace FinIntent.Server.Chat;

/// <summary>Reads what answers a request leaves to choose from: a list of texts, or a JSON schema that is such a list.</summary>
static class ChoiceFormats
{
    public const int Fewest = 2, Most = 1000, MostCharacters = 1024;

    const string Remedy = "give a JSON schema that is an enum, or an object with one property that is an enum; " +
        "or leave it out and ask for JSON in words";

    /// <summary>Keywords that say nothing of the values, or nothing that an enum does not say.</summary>
    static readonly HashSet<string> Annotations =
    [
        "$schema", "$id", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "type", "required",
        "additionalProperties",
    ];

    /// <summary>Checks a list of texts.</summary>
    /// <param name="param">The field of the request, for messages.</param>
    /// <exception cref="ServerError">400: there are too few or too many, one is too long or empty, or two are the same.</exception>
    public static IReadOnlyList<string> Checked(IReadOnlyList<string> choices, string param)
    {
        if (choices.Count is < Fewest or > Most)
            throw ServerError.BadRequest($"{param} has {choices.Count} answers to choose from; give {Fewest} to {Most}", param);
        Dictionary<string, int> places = new(choices.Count, StringComparer.Ordinal);
        foreach (var (i, choice) in choices.Index())
        {
            var place = $"{param}[{i}]";
            if (string.IsNullOrEmpty(choice)) throw ServerError.BadRequest($"{place} is empty", place);
            if (choice.Length > MostCharacters)
                throw ServerError.BadRequest($"{place} has {choice.Length} characters and may have {MostCharacters}", place);
            if (!TaughtIntents.IsUnicode(choice, out var at))
                throw ServerError.BadRequest($"{place} {TaughtIntents.NotUnicode(at)}", place);
            if (!places.TryAdd(choice, i))
                throw ServerError.BadRequest($"{place} is the same as {param}[{places[choice]}]; name each answer once", place);
        }
        return choices;
    }

    /// <summary>Returns the JSON texts that a schema allows.</summary>
    /// <exception cref="ServerError">400: it allows more than the values of an enum.</exception>
    public static IReadOnlyList<string> OfSchema(JsonElement schema, string param)
    {
        if (schema.ValueKind != JsonValueKind.Object) throw UnsupportedFields.Refused(param, Remedy);
        if (ValuesOf(schema, schema, param) is { } values) return Checked(values, param);
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
            throw UnsupportedFields.Refused(param, Remedy);
        CheckKeywords(schema, param, "properties");
        List<JsonProperty> all = [.. properties.EnumerateObject()];
        if (all.Count != 1) throw UnsupportedFields.Refused($"{param} with {all.Count} properties", Remedy);
        var inner = ValuesOf(all[0].Value, schema, param) ?? throw UnsupportedFields.Refused($"{param}: {all[0].Name}", Remedy);
        var name = JsonValue.Create(all[0].Name)!.ToJsonString(JsonFile.Line);
        return Checked([.. inner.Select(value => $"{{{name}:{value}}}")], param);
    }

    /// <summary>Returns the JSON of the values that a schema lists; null where it lists none.</summary>
    static List<string>? ValuesOf(JsonElement schema, JsonElement root, string param)
    {
        if (schema.ValueKind != JsonValueKind.Object) return null;
        if (schema.TryGetProperty("$ref", out var to)) return Defined(to, root) is { } target ? ValuesOf(target, default, param) : null;
        foreach (var word in (string[])["anyOf", "oneOf"])
        {
            if (!schema.TryGetProperty(word, out var parts) || parts.ValueKind != JsonValueKind.Array) continue;
            CheckKeywords(schema, param, word);
            var lists = parts.EnumerateArray().Select(part => ValuesOf(part, default, param)).ToList();
            return lists.Any(list => list is null) ? null : [.. lists.SelectMany(list => list!)];
        }
        if (schema.TryGetProperty("const", out var one))
        {
            CheckKeywords(schema, param, "const", "enum");
            return [JsonOf(one, param)];
        }
        if (!schema.TryGetProperty("enum", out var values) || values.ValueKind != JsonValueKind.Array) return null;
        CheckKeywords(schema, param, "enum");
        return [.. values.EnumerateArray().Select(value => JsonOf(value, param))];
    }

    /// <summary>Finds a definition of the same schema; nothing is looked up elsewhere.</summary>
    static JsonElement? Defined(JsonElement to, JsonElement root)
    {
        var place = to.ValueKind == JsonValueKind.String ? to.GetString()! : "";
        foreach (var word in (string[])["$defs", "definitions"])
            if (place.StartsWith($"#/{word}/", StringComparison.Ordinal) && root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty(word, out var all) && all.ValueKind == JsonValueKind.Object
                && all.TryGetProperty(place[(word.Length + 3)..], out var found)) return found;
        return null;
    }

    static void CheckKeywords(JsonElement schema, string param, params ReadOnlySpan<string> read)
    {
        foreach (var keyword in schema.EnumerateObject())
            if (!Annotations.Contains(keyword.Name) && !read.Contains(keyword.Name))
                throw UnsupportedFields.Refused($"{param}: {Shown(keyword.Name)}", Remedy);
    }

    static string JsonOf(JsonElement value, string param) => value.ValueKind switch
    {
        JsonValueKind.String => JsonValue.Create(value.GetString())!.ToJsonString(JsonFile.Line),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => value.GetRawText(),
        _ => throw UnsupportedFields.Refused($"{param} with an enum of lists or objects", Remedy),
    };

    static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";
}
