namespace FinIntent.Server.Wire;

/// <summary>The content of a message: a text, or a list of text parts, which are put together as they stand.</summary>
[JsonConverter(typeof(TextContentConverter))]
sealed record TextContent(string Text);

/// <summary>Reads <see cref="TextContent"/>. A part that is not text is refused: nothing is ever fetched or decoded for a caller.</summary>
sealed class TextContentConverter : JsonConverter<TextContent>
{
    public override TextContent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new(JsonTexts.Read(ref reader));
        if (reader.TokenType != JsonTokenType.StartArray) throw JsonTexts.Wrong("neither a text nor a list of text parts");
        StringBuilder text = new();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) text.Append(PartOf(ref reader));
        return new(text.ToString());
    }

    static string PartOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String) return JsonTexts.Read(ref reader);
        if (reader.TokenType != JsonTokenType.StartObject) throw JsonTexts.Wrong("neither a text part nor a text");
        var (type, text) = ("text", default(string));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonTexts.Read(ref reader);
            reader.Read();
            if (name == "type") type = JsonTexts.Read(ref reader);
            else if (name == "text") text = JsonTexts.Read(ref reader);
            else reader.Skip();
        }
        if (type is not ("text" or "input_text" or "output_text"))
            throw JsonTexts.Wrong(
                $"a part of type {JsonTexts.Shown(type)}; the model reads text only: {{\"type\": \"text\", \"text\": …}}");
        return text ?? throw JsonTexts.Wrong("a text part without text");
    }

    public override void Write(Utf8JsonWriter writer, TextContent value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Text);
}

/// <summary>One text, or a list of texts.</summary>
[JsonConverter(typeof(TextListConverter))]
sealed record TextList(IReadOnlyList<string> Texts);

/// <summary>Reads <see cref="TextList"/>.</summary>
sealed class TextListConverter : JsonConverter<TextList>
{
    public override TextList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new([JsonTexts.Read(ref reader)]);
        if (reader.TokenType != JsonTokenType.StartArray) throw JsonTexts.Wrong("neither a text nor a list of texts");
        List<string> texts = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) texts.Add(JsonTexts.Read(ref reader));
        return new(texts);
    }

    public override void Write(Utf8JsonWriter writer, TextList value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var text in value.Texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}

/// <summary>Reads texts for converters. "here stands …" is shown to callers (see <see cref="JsonBody"/>).</summary>
static class JsonTexts
{
    /// <exception cref="JsonException">There is no text, or half of a surrogate pair in it.</exception>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) throw Wrong("no text where one is needed");
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("here stands a text that is no valid Unicode", e);
        }
    }

    public static JsonException Wrong(string found) => new($"here stands {found}");

    public static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
