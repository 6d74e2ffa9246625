using System.Reflection;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace FinIntent.Server.Documentation;

/// <summary>GET /openapi/v1.json: every route with its schemas, errors, examples and the key that it needs.</summary>
static class OpenApiDescription
{
    const string DocumentName = "v1";

    static readonly (string Name, string Description)[] Tags =
    [
        ("Intents", "FinIntent's own route: intents with calibrated probabilities, and answers that may be withheld."),
        ("OpenAI", "As OpenAI's and vLLM's clients ask."),
        ("vLLM", "vLLM's classification."),
        ("text-embeddings-inference", "The classification of text-embeddings-inference."),
        ("Ollama", "As Ollama's clients ask."),
        ("Adapters", "The adapters that are served, and changing them while requests run."),
        ("Health", "For whoever starts, stops and watches servers."),
    ];

    public static void AddDescription(this IServiceCollection services) => services.AddOpenApi(DocumentName, options =>
    {
        options.CreateSchemaReferenceId = type => OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } name ? NameOf(name) : null;
        options.AddDocumentTransformer((document, _, _) => Describe(document));
        options.AddOperationTransformer(RouteDescription.Describe);
        options.AddSchemaTransformer((schema, context, _) =>
        {
            SchemaDescription.Describe(schema, context.JsonTypeInfo.Type);
            return Task.CompletedTask;
        });
    });

    public static void MapDescription(this IEndpointRouteBuilder app) => app.MapOpenApi($"/openapi/{DocumentName}.json");

    /// <summary>Records of the wire bear their name in the document without the ending.</summary>
    public static string NameOf(string name) => name.EndsWith("Wire", StringComparison.Ordinal) ? name[..^"Wire".Length] : name;

    static Task Describe(OpenApiDocument document)
    {
        document.Info = new()
        {
            Title = "FinIntent",
            Version = typeof(OpenApiDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion
                .Split('+')[0],
            Description = "Tells which intent a text has, with calibrated probabilities, and speaks to clients of OpenAI, vLLM, " +
                "text-embeddings-inference and Ollama.",
            License = new() { Name = "Apache 2.0", Identifier = "Apache-2.0" },
        };
        foreach (var server in document.Servers ?? []) server.Url = server.Url?.TrimEnd('/');
        document.Tags = new HashSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }));
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [RouteDescription.KeyScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A key of --api-key-file or, for changes, of --admin-key-file. A server of the loopback may need none.",
            },
        };
        return Task.CompletedTask;
    }
}
