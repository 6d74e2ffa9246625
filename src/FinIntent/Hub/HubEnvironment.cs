using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Reads the variables of huggingface_hub (its constants.py) and of modelscope, with their defaults.</summary>
sealed class HubEnvironment(Func<string, string?> variable, string home)
{
    public bool IsOn(string name) => variable(name)?.Trim().ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    /// <summary>Reads an address, with or without its scheme.</summary>
    /// <exception cref="UserErrorException">The variable holds no address.</exception>
    public Uri Address(string name, string standard)
    {
        if (Text(name) is not { } text) return new(standard);
        if (!text.Contains("://")) text = "https://" + text;
        return Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new UserErrorException($"{name}: \"{variable(name)}\" is not the address of a hub; give one like {standard}");
    }

    public string HuggingFaceCache() => Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(HuggingFaceHome(), "hub");

    public HubToken? HuggingFaceToken()
    {
        foreach (var name in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
            if (TokenOf(variable(name), name) is { } token) return token;
        var file = Folder("HF_TOKEN_PATH") ?? Path.Combine(HuggingFaceHome(), "token");
        return !IsOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") && File.Exists(file) ? TokenOf(TextFile.Read(file), file) : null;
    }

    public string ModelScopeCache() => Folder("MODELSCOPE_CACHE") ?? Path.Combine(home, ".cache", "modelscope", "hub");

    public HubToken? ModelScopeToken() => TokenOf(variable("MODELSCOPE_API_TOKEN"), "MODELSCOPE_API_TOKEN");

    string HuggingFaceHome() => Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface");

    string? Text(string name) => variable(name)?.Trim() is { Length: > 0 } text ? text : null;

    string? Folder(string name)
    {
        var path = Text(name);
        if (path == "~") return home;
        return path?.StartsWith("~/", StringComparison.Ordinal) == true ? Path.Combine(home, path[2..]) : path;
    }

    static HubToken? TokenOf(string? text, string origin)
    {
        var value = text?.Replace("\r", "").Replace("\n", "").Trim() ?? "";
        if (value.Length == 0) return null;
        if (value.Any(c => c is <= ' ' or > '~'))
            throw new UserErrorException(
                $"{origin}: the token has blanks or characters beyond ASCII, so it was not copied right; set it again");
        return new(value, origin);
    }
}
