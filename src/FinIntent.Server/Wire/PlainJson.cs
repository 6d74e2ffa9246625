using System.Text.Encodings.Web;
using FinIntent.Files;

namespace FinIntent.Server.Wire;

/// <summary>Writes the same JSON with characters of any script as they are, which is shorter.</summary>
static class PlainJson
{
    public static OpenAIJson OpenAI { get; } = new(Of(OpenAIJson.Default));
    public static OllamaJson Ollama { get; } = new(Of(OllamaJson.Default));
    public static TeiJson Tei { get; } = new(Of(TeiJson.Default));

    public static JavaScriptEncoder? Encoder => JsonFile.Line.Encoder;

    static JsonSerializerOptions Of(JsonSerializerContext context) => new(context.Options) { Encoder = Encoder };
}
