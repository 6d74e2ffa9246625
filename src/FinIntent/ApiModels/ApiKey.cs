using FinIntent.Settings;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.UserSecrets;

namespace FinIntent.ApiModels;

/// <summary>Is a key that opens an API. It is never printed: it has no text, and <see cref="Redact"/> takes it out of texts.</summary>
sealed class ApiKey
{
    /// <summary>The id for `dotnet user-secrets --id finintent`.</summary>
    public const string SecretsId = "finintent";

    readonly string _value;

    public ApiKey(string value, string variable)
    {
        _value = value.Trim();
        if (_value.Length > 0 && _value.All(c => c is > ' ' and <= '~')) return;
        var fault = _value.Length == 0 ? "no characters" : "blanks or characters beyond ASCII";
        throw new UserErrorException($"{variable}: the key has {fault}, so it was not copied right; set it again");
    }

    /// <summary>Returns the key for the request that it opens, and for nothing else.</summary>
    internal string Reveal() => _value;

    public string Redact(string text) => text.Replace(_value, "[key]", StringComparison.Ordinal);

    public override string ToString() => "[key]";

    public static string VariableOf(ApiKind kind) => kind switch
    {
        ApiKind.Anthropic => "ANTHROPIC_API_KEY",
        ApiKind.Azure => "AZURE_OPENAI_API_KEY",
        ApiKind.Ollama => "OLLAMA_API_KEY",
        _ => "OPENAI_API_KEY",
    };

    /// <summary>Finds a key in the environment, else in the user secrets; null when neither has it.</summary>
    /// <param name="secrets">The secrets file; null means the user's own.</param>
    public static ApiKey? Find(string variable, string? secrets = null)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrWhiteSpace(value)) value = Secret(variable, secrets ?? PathHelper.GetSecretsPathFromSecretsId(SecretsId));
        return string.IsNullOrWhiteSpace(value) ? null : new(value, variable);
    }

    static string? Secret(string variable, string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return new ConfigurationBuilder().AddJsonFile(path, optional: true, reloadOnChange: false).Build()[variable];
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or JsonException)
        {
            // Its message can quote the file, and so a key.
            throw new UserErrorException($"{path}: the user secrets are not valid JSON; " +
                $"set them with: dotnet user-secrets set {variable} KEY --id {SecretsId}");
        }
    }
}
