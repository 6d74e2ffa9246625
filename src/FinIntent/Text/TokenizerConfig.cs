using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Is an added token, which is matched by name only and never made by merging.</summary>
sealed record AddedToken(int Id, string Content, bool Special)
{
    /// <summary>No vocabulary is larger; a higher id would take memory for all ids below it.</summary>
    public const int MostIds = 1 << 22;

    /// <param name="key">The place in the file, such as added_tokens[3].</param>
    /// <exception cref="UserErrorException">The id is out of range, or a key is missing or of the wrong kind.</exception>
    public static AddedToken Read(string path, string key, long id, JsonElement value)
    {
        if (id is < 0 or >= MostIds)
            throw new UserErrorException($"{path}: {key}: the id {id} is out of range; ids go from 0 to {MostIds - 1}");
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("content", out var content))
            throw new UserErrorException($"{path}: {key}: expected an object with the key \"content\", got {JsonBinding.Shown(value)}");
        if (content.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{path}: {key}.content: expected a text, got {JsonBinding.Shown(content)}");
        var isNamed = value.TryGetProperty("special", out var special) && special.ValueKind != JsonValueKind.Null;
        if (isNamed && special.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw new UserErrorException($"{path}: {key}.special: expected true or false, got {JsonBinding.Shown(special)}");
        return new((int)id, content.GetString()!, isNamed && special.GetBoolean());
    }
}

/// <summary>Holds what tokenizer_config.json says; every field is optional, and so is the file.</summary>
sealed record TokenizerConfig(string? Class, string? Bos, string? Eos, string? Pad, IReadOnlyList<AddedToken> AddedTokens)
{
    public const string FileName = "tokenizer_config.json";

    /// <exception cref="UserErrorException">The file is no JSON, or a key holds a value of the wrong kind.</exception>
    public static TokenizerConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return new(null, null, null, null, []);
        using var document = JsonFile.Read(path);
        var root = JsonFile.Object(document.RootElement, path);
        return new(Name(root, "tokenizer_class", path), Name(root, "bos_token", path), Name(root, "eos_token", path),
            Name(root, "pad_token", path), Added(root, path));
    }

    /// <summary>Reads a token that is written as its text or as an object with "content".</summary>
    static string? Name(JsonElement root, string key, string path)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Object)
            (key, value) = value.TryGetProperty("content", out var content) ? ($"{key}.content", content)
            : throw new UserErrorException($"{path}: {key}: the key \"content\" is missing");
        return value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new UserErrorException($"{path}: {key}: expected a text, got {JsonBinding.Shown(value)}");
    }

    static List<AddedToken> Added(JsonElement root, string path)
    {
        const string Key = "added_tokens_decoder";
        if (!root.TryGetProperty(Key, out var tokens) || tokens.ValueKind == JsonValueKind.Null) return [];
        if (tokens.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{path}: {Key}: expected an object, got {JsonBinding.Shown(tokens)}");
        return [.. tokens.EnumerateObject().Select(token => AddedToken.Read(path, $"{Key}.{TerminalText.Short(token.Name)}",
            long.TryParse(token.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
                : throw new UserErrorException($"{path}: {Key}: the key \"{TerminalText.Short(token.Name)}\" is no id; ids go from 0 to " +
                    $"{AddedToken.MostIds - 1}"), token.Value))];
    }
}
