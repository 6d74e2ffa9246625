using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Reads the steps of tokenizer.json before merging: its normalizer and its pre_tokenizer.</summary>
static class TokenizerSteps
{
    /// <summary>Says whether texts are normalized to form C.</summary>
    /// <exception cref="UnreadTokenizerException">There is another step.</exception>
    public static bool NormalizesToFormC(JsonElement normalizer, string path)
    {
        const string Key = "normalizer";
        var steps = Steps(normalizer, path, Key, "normalizers");
        return steps.Count > 0 && steps.All(step => step.Type == "NFC" ? true : throw Unread(path, Key, step.Type, "NFC"));
    }

    /// <summary>Returns the ByteLevel step and the pattern before it; null where there is none.</summary>
    /// <exception cref="UnreadTokenizerException">There is another step.</exception>
    public static PreTokenizer? PreTokenizerOf(JsonElement element, string path)
    {
        const string Key = "pre_tokenizer";
        PreTokenizer? made = null;
        var pattern = "";
        foreach (var (type, step) in Steps(element, path, Key, "pretokenizers"))
        {
            var isFirst = pattern.Length == 0;
            if (type == "Split" && isFirst && made is null && IsolatedRegex(step, path) is { Length: > 0 } regex) pattern = regex;
            else if (type == "ByteLevel" && !Flag(step, path, "add_prefix_space") && isFirst == Flag(step, path, "use_regex", true))
                made = PreTokenizer.For(isFirst ? PreTokenizer.Gpt2 : pattern, path);
            else
                throw Unread(path, Key, TerminalText.Short(step.GetRawText()),
                    "a Split by an isolated Regex, then ByteLevel without add_prefix_space");
        }
        return made;
    }

    public static UnreadTokenizerException Unread(string path, string key, string found, string supported) =>
        new($"{path}: {key} is {TerminalText.Short(found)}; FinIntent reads {supported}");

    static string? IsolatedRegex(JsonElement step, string path)
    {
        const string Key = "pre_tokenizer.pattern";
        if (!step.TryGetProperty("pattern", out var pattern) || pattern.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{path}: {Key}: expected an object with the key \"Regex\" or \"String\"");
        if (!pattern.TryGetProperty("Regex", out var regex)) return null;
        if (regex.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{path}: {Key}.Regex: expected a text, got {JsonBinding.Shown(regex)}");
        var isIsolated = step.TryGetProperty("behavior", out var behavior) && behavior.ValueKind == JsonValueKind.String
            && behavior.GetString() == "Isolated";
        return isIsolated && !Flag(step, path, "invert") ? regex.GetString() : null;
    }

    /// <summary>Returns the steps of a Sequence, which may stand in another one, or the only step.</summary>
    static List<(string Type, JsonElement Step)> Steps(JsonElement step, string path, string key, string sequence)
    {
        if (step.ValueKind == JsonValueKind.Null) return [];
        if (step.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{path}: {key}: expected an object or null, got {JsonBinding.Shown(step)}");
        if (!step.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{path}: {key}.type: expected a text, got {JsonBinding.Shown(type)}");
        if (type.GetString() is var name and not "Sequence") return [(name!, step)];
        if (!step.TryGetProperty(sequence, out var list) || list.ValueKind != JsonValueKind.Array)
            throw new UserErrorException($"{path}: {key}.{sequence}: expected a list, got {JsonBinding.Shown(list)}");
        return [.. list.EnumerateArray().SelectMany(inner => Steps(inner, path, key, sequence))];
    }

    static bool Flag(JsonElement step, string path, string key, bool missing = false)
    {
        if (!step.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return missing;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : throw new UserErrorException($"{path}: pre_tokenizer.{key}: expected true or false, got {JsonBinding.Shown(value)}");
    }
}
