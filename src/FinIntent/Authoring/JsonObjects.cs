using System.Text.Json;

namespace FinIntent.Authoring;

/// <summary>JSON objects in a model's answer, whatever is around them: prose, code fences, a list, an object that holds the list, lines.</summary>
static class JsonObjects
{
    // An answer that is all braces must not take quadratic time.
    const int MostBroken = 200;

    static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <param name="key">Objects that have this key are meant.</param>
    /// <returns>The objects, and how many began that are no JSON or do not end.</returns>
    public static (IReadOnlyList<JsonElement> Objects, int Broken) In(string answer, string key)
    {
        List<JsonElement> found = [];
        var (broken, failed) = (0, 0);
        for (var start = answer.IndexOf('{'); start >= 0 && failed < MostBroken; start = start < answer.Length ? answer.IndexOf('{', start) : -1)
        {
            if (End(answer, start) is { } end && Parse(answer[start..end]) is { } value)
            {
                Collect(value, key, found);
                start = end;
                continue;
            }
            failed++;
            // Prose may have braces, and a list that was cut short may be in an object: only what looks like an item is one that was lost.
            var next = answer.IndexOf('{', start + 1);
            if (next < 0 ? answer.AsSpan(start).Contains('"') : answer.AsSpan(start, next - start).Contains($"\"{key}\"", StringComparison.Ordinal)) broken++;
            start++;
        }
        return (found, broken);
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

    /// <summary>Behind the brace that closes the one at start; null when none does.</summary>
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

    /// <summary>The text of a key; null when it is absent or no text or number.</summary>
    public static string? Text(JsonElement item, string key) => !item.TryGetProperty(key, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
}
