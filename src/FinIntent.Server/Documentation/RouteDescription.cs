using FinIntent.Server.Errors;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FinIntent.Server.Documentation;

/// <summary>Adds to a route's description what all routes of its family share: the key, the errors, streams and examples.</summary>
static class RouteDescription
{
    public const string KeyScheme = "key";

    static readonly (int Status, string Description)[] Reading =
    [
        (400, "Something in the request is wrong or not supported; the message says what, and what to do."),
        (404, "There is no model of that name."),
        (413, "The body is too large."),
        (429, "The server is full, or the key has asked too often; Retry-After and retry-after-ms say when to ask again."),
        (500, "The server failed; other requests go on."),
        (503, "The server is starting or stopping."),
        (504, "The deadline passed before the answer was there."),
    ];

    static readonly (int Status, string Description)[] Telling =
    [
        (404, "There is none of that name."),
        (429, "The key has asked too often; Retry-After and retry-after-ms say when to ask again."),
        (503, "The server is starting or stopping."),
    ];

    static readonly (int Status, string Description)[] Keyed =
    [
        (401, "A key is needed."),
        (403, "The key may not do that, or the request names another host or comes from another site."),
    ];

    public static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken stop)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Responses ??= [];
        operation.Description ??= $"{operation.Summary}.";
        if (metadata.OfType<IAllowAnonymous>().Any()) operation.Security = [[]];
        else
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] }];
            AddErrors(operation, context.Document!, FormOf(metadata),
                operation.RequestBody is null ? [.. Telling, .. Keyed] : [.. Reading, .. Keyed]);
        }
        await AddStreams(operation, context, stop);
        AddExamples(operation);
        if (operation.RequestBody is OpenApiRequestBody body) body.Required = true;
    }

    static string FormOf(IList<object> metadata) => metadata.OfType<ErrorForm>().LastOrDefault() is not { } form ? "Error"
        : form == ErrorForm.Tei ? "TeiError" : form == ErrorForm.Ollama ? "OllamaError" : "Error";

    static void AddErrors(OpenApiOperation operation, OpenApiDocument document, string form, (int Status, string Description)[] errors)
    {
        document.AddComponent<IOpenApiSchema>(form, SchemaDescription.Error(form));
        foreach (var (status, description) in errors)
        {
            if (status == 404 && operation.RequestBody is null && operation.Parameters is not { Count: > 0 }) continue;
            operation.Responses!.TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Description = description,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = new OpenApiSchemaReference(form, document) },
                },
            });
        }
    }

    /// <summary>OpenAPI 3.1 has no words for a stream of events: it is a text, whose content's schema is that of a piece.</summary>
    static async Task AddStreams(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken stop)
    {
        var (media, piece, text) = operation.OperationId switch
        {
            "createChatCompletion" => ("text/event-stream", typeof(ChatChunkWire),
                "`data: ` and a ChatChunk for each piece, `data: [DONE]` last."),
            "createCompletion" => ("text/event-stream", typeof(CompletionResponseWire),
                "`data: ` and a CompletionResponse for each piece, `data: [DONE]` last."),
            "ollamaChat" => ("application/x-ndjson", typeof(OllamaChatResponseWire), "An OllamaChatResponse a line."),
            _ => (null, null, null),
        };
        if (media is null || operation.Responses!["200"] is not OpenApiResponse { Content: { } content }) return;
        var schema = await context.GetOrCreateSchemaAsync(piece!, null, stop);
        if (piece == typeof(ChatChunkWire)) context.Document!.AddComponent<IOpenApiSchema>("ChatChunk", schema);
        content[media] = new()
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = text,
                ContentMediaType = "application/json",
                ContentSchema = new OpenApiSchemaReference(OpenApiDescription.NameOf(piece!.Name), context.Document),
            },
        };
    }

    static void AddExamples(OpenApiOperation operation)
    {
        if (!RouteExamples.All.TryGetValue(operation.OperationId ?? "", out var example)) return;
        if (example.Request is { } request && operation.RequestBody?.Content is { } asked
            && asked.TryGetValue("application/json", out var body))
            body.Example = JsonNode.Parse(request);
        if (operation.Responses!.TryGetValue("200", out var answer) && answer.Content is { } told
            && told.TryGetValue("application/json", out var json)) json.Example = JsonNode.Parse(example.Response);
    }
}
