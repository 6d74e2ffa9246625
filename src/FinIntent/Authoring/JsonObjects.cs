namespace FinIntent.Authoring;

/// <summary>Finds JSON objects in a model's answer, whatever is around them: prose, code fences, a list, an object with the list.</summary>
static class JsonObjects
{
    // An answer that is all braces must not take quadratic time.
    const int MostBroken = 200;

    static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <param name="key">The key that the wanted objects have.</param>
    /// <returns>The objects, and how many began that are no JSON or do not end.</returns>
    public static (IReadOnlyList<JsonElement> Objects, int Broken) In(string answer, string key)
    {
        List<JsonElement> found = [];
        var (broken, failed) = (0, 0);
        for (var start = Next(0); start >= 0 && failed < MostBroken; start = Next(start))
        {
            if (End(answer, start) is { } end && Parse(answer[start..end]) is { } value)
            {
                Collect(value, key, found);
                start = end;
                continue;
            }
            failed++;
            // Prose may have braces, and a list that was cut short may be in an object: only what looks like an item counts as lost.
            var next = Next(start + 1);
            var isLost = next < 0
                ? answer.AsSpan(start).Contains('"')
                : answer.AsSpan(start, next - start).Contains($"\"{key}\"", StringComparison.Ordinal);
            if (isLost) broken++;
            start++;
        }
        return (found, broken);
        int Next(int from) => from < answer.Length ? answer.IndexOf('{', from) : -1;
    }

    static void Collect(JsonElement value, string key, List<JsonElement> found)
    {
        if (value.ValueKind == JsonValueKind.Array)
            foreach (var item in value.EnumerateArray()) Collect(item, key, found);
        if (value.ValueKind != JsonValueKind.Object) return;
        if (value.TryGetProperty(key, out _)) found.Add(value);
        else
            foreach (var property in value.EnumerateObject()) Collect(property.Value, key, found);
    }

    /// <summary>Returns the place behind the brace that closes the one at start; null when none does.</summary>
    static int? End(string text, int start)
    {
        var (depth, isInText) = (0, false);
        for (var i = start; i < text.Length; i++)
        {
            if (isInText && text[i] == '\\') i++;
            else if (text[i] == '"') isInText = !isInText;
            else if (isInText) continue;
            else if (text[i] == '{') depth++;
            else if (text[i] == '}' && --depth == 0) return i + 1;
        }
        return null;
    }

    static JsonElement? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Lenient);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the text of a key; null when it is absent or neither text nor number.</summary>
    public static string? Text(JsonElement item, string key) => !item.TryGetProperty(key, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
}
