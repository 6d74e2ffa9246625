namespace FinIntent.Text;

/// <summary>Is an added token, which is matched by name only and never made by merging.</summary>
sealed record AddedToken(int Id, string Content, bool Special);

/// <summary>Holds what tokenizer_config.json says; every field is optional, and so is the file.</summary>
sealed record TokenizerConfig(string? Class, string? Bos, string? Eos, string? Pad, IReadOnlyList<AddedToken> AddedTokens)
{
    public const string FileName = "tokenizer_config.json";

    public static TokenizerConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return new(null, null, null, null, []);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            return new(
                Name(root, "tokenizer_class"), Name(root, "bos_token"), Name(root, "eos_token"), Name(root, "pad_token"), Added(root));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new UserErrorException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a token that is written as its text or as an object with "content".</summary>
    static string? Name(JsonElement root, string key) =>
        !root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Object ? value.GetProperty("content").GetString()
        : value.GetString();

    static List<AddedToken> Added(JsonElement root) =>
        !root.TryGetProperty("added_tokens_decoder", out var tokens) ? []
        : [.. tokens.EnumerateObject().Select(token => Token(int.Parse(token.Name), token.Value))];

    public static AddedToken Token(int id, JsonElement value) => new(id,
        value.GetProperty("content").GetString() ?? throw new JsonException($"added token {id} has no content"),
        value.TryGetProperty("special", out var special) && special.GetBoolean());
}
