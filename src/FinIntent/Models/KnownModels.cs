using System.Reflection;

namespace FinIntent.Models;

/// <summary>Knows the published config.json of the models that config/ has settings for, so that their shapes need no download.</summary>
static class KnownModels
{
    static readonly Dictionary<string, string> Files = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Qwen/Qwen2.5-7B-Instruct"] = "qwen2.5-7b-instruct",
        ["Qwen/Qwen2.5-0.5B-Instruct"] = "qwen2.5-0.5b-instruct",
        ["Qwen/Qwen3-8B"] = "qwen3-8b",
        ["meta-llama/Meta-Llama-3-8B-Instruct"] = "llama-3-8b-instruct",
        ["THUDM/chatglm3-6b"] = "chatglm3-6b",
        ["baichuan-inc/Baichuan2-7B-Chat"] = "baichuan2-7b-chat",
    };

    /// <summary>The models' names at the hubs.</summary>
    public static IReadOnlyCollection<string> Names => Files.Keys;

    /// <summary>Returns the config.json of a hub's name, or of its last part in small letters; null for any other name.</summary>
    public static JsonElement? Find(string name)
    {
        var file = Files.GetValueOrDefault(name) ?? Files.Values.FirstOrDefault(value => value == name);
        if (file is null) return null;
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"FinIntent.Models.Known.{file}")!;
        using var json = JsonDocument.Parse(stream);
        return json.RootElement.Clone();
    }
}
