namespace FinIntent.Models;

/// <summary>Is a config.json, and where it stands.</summary>
/// <param name="File">What messages begin with: the file's path, or config.json where it comes from no file of the user's.</param>
readonly record struct ModelConfig(JsonElement Json, string File = "config.json")
{
    public static implicit operator ModelConfig(JsonElement json) => new(json);

    /// <summary>Returns the text under a key; null where the key is absent or null.</summary>
    /// <exception cref="UserErrorException">Another kind of value stands there.</exception>
    public string? Text(string key) => !Json.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Error(key, value, "a text");

    /// <summary>Returns whether a list of texts under a key has one of them; false where the key is absent.</summary>
    public bool Lists(string key, string text) => Json.TryGetProperty(key, out var list) && list.ValueKind == JsonValueKind.Array
        && list.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.String && item.GetString() == text);

    public UserErrorException Error(string key, JsonElement found, string expected) =>
        new($"{File}: {key}: expected {expected}, got {Files.JsonBinding.Shown(found)}");
}
