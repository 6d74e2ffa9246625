using FinIntent.Settings;

namespace FinIntent.ApiModels;

/// <summary>Where an API model is, and which key opens it.</summary>
/// <param name="Base">The address as the client of its kind wants it: the host for Anthropic, with the version's path for others.</param>
/// <param name="Version">Azure's api-version.</param>
sealed record ApiEndpoint(ApiKind Kind, string Model, Uri Base, string? Version = null, ApiKey? Key = null)
{
    /// <exception cref="UserErrorException">The address is none, or there is no key.</exception>
    public static ApiEndpoint Of(ApiSettings settings)
    {
        var kind = settings.Api!.Value;
        var variable = settings.ApiKeyVariable ?? ApiKey.VariableOf(kind);
        var key = ApiKey.Find(variable);
        // Servers of one's own, behind an address, often need no key; an absent one then shows as their 401.
        var needsKey = settings.ApiKeyVariable is not null || kind == ApiKind.Azure || (kind != ApiKind.Ollama && settings.ApiBase is null);
        if (key is null && needsKey)
            throw new UserErrorException($"api: {kind.ToString().ToLowerInvariant()} needs a key, " +
                $"and the environment variable {variable} is not set: " +
                $"export {variable}=… or dotnet user-secrets set {variable} … --id {ApiKey.SecretsId}");
        return Unopened(settings) with { Key = key };
    }

    /// <summary>Returns the endpoint without its key, to tell what was asked of whom.</summary>
    public static ApiEndpoint Unopened(ApiSettings settings)
    {
        var kind = settings.Api!.Value;
        return new(kind, settings.ApiModel!, Address(kind, settings), settings.ApiVersion);
    }

    /// <summary>Whether the key goes over a network unencrypted.</summary>
    public bool SendsKeyUnencrypted => Key is not null && Base.Scheme == Uri.UriSchemeHttp && !Base.IsLoopback;

    /// <summary>Whether the answer's length is called max_tokens: servers that only speak like OpenAI's know the old name.</summary>
    public bool UsesOldLimitName => Kind == ApiKind.Ollama || (Kind == ApiKind.OpenAi && Base.Host != "api.openai.com");

    static Uri Address(ApiKind kind, ApiSettings settings)
    {
        var text = settings.ApiBase ?? kind switch
        {
            ApiKind.Anthropic => "https://api.anthropic.com",
            ApiKind.Ollama => "http://localhost:11434",
            _ => "https://api.openai.com/v1",
        };
        if (!Uri.TryCreate(text, UriKind.Absolute, out var given)
            || (given.Scheme != Uri.UriSchemeHttp && given.Scheme != Uri.UriSchemeHttps))
            throw new UserErrorException($"api_base: \"{text}\" is not an address such as https://host/v1");
        if (given.UserInfo.Length > 0 || given.Query.Length > 0 || given.Fragment.Length > 0)
            throw new UserErrorException($"api_base: {given.GetLeftPart(UriPartial.Path).Replace(given.UserInfo + "@", "")} has a user, " +
                "a query or a fragment behind or before it; " +
                $"keys belong in {settings.ApiKeyVariable ?? ApiKey.VariableOf(kind)}, a version in api_version");
        var path = given.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(kind switch
        {
            ApiKind.Ollama when !path.EndsWith("/v1", StringComparison.Ordinal) => path + "/v1",
            ApiKind.Azure when settings.ApiVersion is not null => $"{path}/openai/deployments/{Uri.EscapeDataString(settings.ApiModel!)}",
            ApiKind.Azure when !path.EndsWith("/openai/v1", StringComparison.Ordinal) => path + "/openai/v1",
            _ => path,
        });
    }
}
