using FinIntent.Server.Wire;
using Microsoft.OpenApi;

namespace FinIntent.Server.Documentation;

/// <summary>Describes what our converters read, of which the framework sees nothing, and the forms of errors.</summary>
static class SchemaDescription
{
    public static void Describe(OpenApiSchema schema, Type type)
    {
        if (type == typeof(TextContent)) OneOf(schema, Text(), ListOf(TextPart()));
        else if (type == typeof(TextList)) OneOf(schema, Text(), ListOf(Text()));
        else if (type == typeof(PredictInputs)) OneOf(schema, Text(), ListOf(Text(), 1, 1), ListOf(ListOf(Text(), 1, 1), 1));
        else if (type == typeof(InputTexts)) OneOf(schema, Text(), Asked(), ListOf(new OpenApiSchema { OneOf = [Text(), Asked()] }, 1));
    }

    static void OneOf(OpenApiSchema schema, params IOpenApiSchema[] forms) => (schema.Type, schema.OneOf) = (null, [.. forms]);

    static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    static OpenApiSchema ListOf(IOpenApiSchema items, int? fewest = null, int? most = null) =>
        new() { Type = JsonSchemaType.Array, Items = items, MinItems = fewest, MaxItems = most };

    static OpenApiSchema TextPart() => Record(["type", "text"], ("type", new OpenApiSchema
    {
        Type = JsonSchemaType.String,
        Enum = [(JsonNode)"text", (JsonNode)"input_text", (JsonNode)"output_text"],
    }), ("text", Text()));

    /// <summary>A text with what goes with it, in <see cref="InputTexts"/>.</summary>
    static OpenApiSchema Asked() => Record(["text"], ("text", Text()), ("id", Text()), ("history", ListOf(ListOf(Text(), 2, 2))));

    /// <summary>Describes the error that a form writes, such as OpenAI's.</summary>
    public static OpenApiSchema Error(string name) => name switch
    {
        "TeiError" => Record(["error", "error_type"], ("error", Text()), ("error_type", new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Enum = [(JsonNode)"Unhealthy", (JsonNode)"Backend", (JsonNode)"Overloaded", (JsonNode)"Validation", (JsonNode)"Tokenizer"],
        })),
        "OllamaError" => Record(["error"], ("error", Text())),
        _ => Record(["error"], ("error", Record(["message", "type", "param", "code"], ("message", Text()), ("type", Text()),
            ("param", TextOrNull("The part of the request that is wrong.")), ("code", TextOrNull("A word for programs."))))),
    };

    static OpenApiSchema TextOrNull(string description) =>
        new() { Type = JsonSchemaType.String | JsonSchemaType.Null, Description = description };

    static OpenApiSchema Record(string[] required, params (string Name, OpenApiSchema Schema)[] fields) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string>(required),
        Properties = fields.ToDictionary(field => field.Name, IOpenApiSchema (field) => field.Schema),
    };
}
