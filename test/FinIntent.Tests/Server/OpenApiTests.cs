using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FinIntent.Server.Documentation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>GET /openapi/v1.json.</summary>
[Collection(ServerCollection.Name)]
public sealed class OpenApiTests(ServerFixture fixture)
{
    readonly RunningServer _server = fixture.Running;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    async Task<JsonNode> Document() => (await _server.Client.GetFromJsonAsync<JsonNode>("/openapi/v1.json", Stop))!;

    static IEnumerable<(string Path, string Method, JsonNode Operation)> OperationsOf(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from method in path.Value!.AsObject()
        select (path.Key, method.Key, method.Value!);

    [Fact]
    public async Task Every_route_is_described()
    {
        var described = OperationsOf(await Document()).Select(o => $"{o.Method.ToUpperInvariant()} {o.Path}").ToHashSet();

        var mapped =
            from endpoint in _server.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.RoutePattern.RawText is not ("/" or "/openapi/v1.json")
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
            select $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}";

        Assert.Equal(mapped.Order(), described.Order());
    }

    [Fact]
    public async Task An_operation_has_all_that_a_reader_needs()
    {
        foreach (var (path, _, operation) in OperationsOf(await Document()))
        {
            Assert.NotNull(operation["summary"]);
            Assert.NotNull(operation["operationId"]);
            Assert.Single(operation["tags"]!.AsArray());
            var answers = operation["responses"]!.AsObject();
            Assert.All(answers, answer => Assert.False(string.IsNullOrEmpty((string?)answer.Value!["description"])));
            if (path.StartsWith("/health", StringComparison.Ordinal)) continue;
            Assert.Equal("key", operation["security"]![0]!.AsObject().Single().Key);
            var form = path switch
            {
                "/predict" => "TeiError",
                _ when path.StartsWith("/api/", StringComparison.Ordinal) => "OllamaError",
                _ => "Error",
            };
            var error = answers["401"]!["content"]!["application/json"]!["schema"]!["$ref"]!;
            Assert.Equal($"#/components/schemas/{form}", (string?)error);
            if (operation["requestBody"] is not null)
                Assert.Empty(((string[])["200", "400", "404", "413", "429", "500", "503", "504"])
                    .Except(answers.Select(answer => answer.Key)));
        }
    }

    [Fact]
    public async Task What_converters_read_is_described_by_hand()
    {
        var document = await Document();
        var schemas = document["components"]!["schemas"]!;

        Assert.Equal("string", (string?)schemas["TextContent"]!["oneOf"]![0]!["type"]);
        Assert.Equal(2, schemas["TextList"]!["oneOf"]!.AsArray().Count);
        Assert.Equal(3, schemas["PredictInputs"]!["oneOf"]!.AsArray().Count);
        Assert.Equal(3, schemas["InputTexts"]!["oneOf"]!.AsArray().Count);
        Assert.NotNull(schemas["ChatChunk"]!["properties"]!["choices"]);
        var chat = document["paths"]!["/v1/chat/completions"]!["post"]!["responses"]!["200"]!["content"]!;
        Assert.Contains("[DONE]", (string?)chat["text/event-stream"]!["schema"]!["description"], StringComparison.Ordinal);
        Assert.DoesNotContain(schemas.AsObject(), schema => schema.Key.EndsWith("Wire", StringComparison.Ordinal));
    }

    public static TheoryData<string> Examples => new(RouteExamples.All.Where(e => e.Value.Request is not null).Select(e => e.Key));

    [Theory, MemberData(nameof(Examples))]
    public async Task An_example_is_answered_with_the_fields_of_its_own_answer(string id)
    {
        var (path, _, _) = OperationsOf(await Document()).Single(o => (string?)o.Operation["operationId"] == id);

        var (status, body) = await _server.PostAsync(path, RouteExamples.All[id].Request!);

        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        var expected = JsonNode.Parse(RouteExamples.All[id].Response)!;
        if (expected is JsonArray list) (expected, body) = (list[0]!, body[0]!);
        Assert.Equal(expected.AsObject().Select(field => field.Key).Order(), body.AsObject().Select(field => field.Key).Order());
    }
}
