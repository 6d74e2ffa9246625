using FinIntent.Files;

namespace FinIntent.Server.Wire;

/// <summary>Writes the same JSON with characters of any script as they are, which is shorter.</summary>
static class PlainJson
{
    public static OpenAIJson OpenAI { get; } = new(Of(OpenAIJson.Default));
    public static OllamaJson Ollama { get; } = new(Of(OllamaJson.Default));

    static JsonSerializerOptions Of(JsonSerializerContext context) => new(context.Options) { Encoder = JsonFile.Line.Encoder };
}
