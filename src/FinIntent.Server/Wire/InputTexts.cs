using FinIntent.Server.Serving;
using FinIntent.Text;

namespace FinIntent.Server.Wire;

/// <summary>The texts of a request: one text, or a list of texts and of objects {"text", "id", "history"}.</summary>
[JsonConverter(typeof(InputTextsConverter))]
sealed record InputTexts(IReadOnlyList<AskedText> Texts);

/// <summary>Reads <see cref="InputTexts"/>.</summary>
sealed class InputTextsConverter : JsonConverter<InputTexts>
{
    public override InputTexts Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return new([TextOf(ref reader)]);
        List<AskedText> texts = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) texts.Add(TextOf(ref reader));
        return new(texts);
    }

    static AskedText TextOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String) return new(StringOf(ref reader));
        if (reader.TokenType != JsonTokenType.StartObject) throw Wrong("neither a text nor an object with text, id and history");
        string? text = null, id = null;
        List<Message>? history = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = StringOf(ref reader);
            reader.Read();
            switch (name)
            {
                case "text": text = StringOf(ref reader); break;
                case "id": id = StringOf(ref reader); break;
                case "history": history = HistoryOf(ref reader); break;
                default: throw Wrong($"neither text, id nor history but \"{name}\"");
            }
        }
        return new(text ?? throw Wrong("an object without text"), history, id);
    }

    /// <summary>Reads pairs of what the user said and what was answered.</summary>
    static List<Message>? HistoryOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        List<Message> turns = [];
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong("a history that is no list of [question, answer]");
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            turns.Add(new("user", Next(ref reader)));
            turns.Add(new("assistant", Next(ref reader)));
            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray) throw Wrong(
                "a turn of history with more or less than two texts");
        }
        return reader.TokenType == JsonTokenType.EndArray ? turns : throw Wrong("a history that is no list of [question, answer]");
    }

    static string Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return StringOf(ref reader);
    }

    /// <exception cref="JsonException">There is no text, or half of a surrogate pair in it.</exception>
    static string StringOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) throw Wrong("no text where one is needed");
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a text is no valid Unicode", e);
        }
    }

    static JsonException Wrong(string found) => new($"here stands {found}");

    public override void Write(Utf8JsonWriter writer, InputTexts value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var text in value.Texts) writer.WriteStringValue(text.Text);
        writer.WriteEndArray();
    }
}
