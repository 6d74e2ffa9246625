using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>The routes of vLLM, text-embeddings-inference and Ollama, and the list of models.</summary>
[Collection(ServerCollection.Name)]
public sealed class CompatibleRoutesTests(ServerFixture fixture)
{
    readonly RunningServer _server = fixture.Running;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    async Task<JsonNode> Get(string path) => (await _server.Client.GetFromJsonAsync<JsonNode>(path, Stop))!;

    [Fact]
    public async Task Models_are_listed_with_what_they_stand_on()
    {
        var model = (await Get("/v1/models"))["data"]![0]!;

        Assert.Equal(("finintent-8m", "model", "finintent"), ((string?)model["id"], (string?)model["object"], (string?)model["owned_by"]));
        Assert.Equal(_server.Host.Models.Own.Id, (string?)model["root"]);
        Assert.Null(model["parent"]);
        Assert.Equal(model.ToJsonString(), (await Get("/v1/models/finintent-8m")).ToJsonString());
        using var missing = await _server.Client.GetAsync("/v1/models/nobody", Stop);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Vllms_classification_is_ours()
    {
        var (_, ours) = await _server.PostAsync("/v1/intent/classify", """{"input": ["茅台还能买吗", "大盘怎么样"]}""");

        var (_, body) = await _server.PostAsync("/classify", """{"model": "finintent-8m", "input": ["茅台还能买吗", "大盘怎么样"]}""");
        var (_, chat) = await _server.PostAsync("/classify", """{"messages": [{"role": "user", "content": "茅台还能买吗"}]}""");

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((string?)ours["results"]![i]!["intent"], (string?)body["data"]![i]!["label"]);
            Assert.Equal((double)ours["results"]![i]!["probability"]!, body["data"]![i]!["probs"]!.AsArray().Max(p => (double)p!));
            Assert.Equal((i, 5), ((int)body["data"]![i]!["index"]!, (int)body["data"]![i]!["num_classes"]!));
        }
        Assert.Equal(body["data"]![0]!.ToJsonString(), chat["data"]![0]!.ToJsonString());
        Assert.Equal((int)ours["usage"]!["prompt_tokens"]!, (int)body["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task Tei_predicts_one_text_or_a_list_of_lists()
    {
        var (_, one) = await _server.PostAsync("/predict", """{"inputs": "茅台还能买吗"}""");
        var (_, flat) = await _server.PostAsync("/predict", """{"inputs": ["茅台还能买吗"]}""");
        var (_, several) = await _server.PostAsync("/predict", """{"inputs": [["茅台还能买吗"], ["大盘怎么样"]], "raw_scores": true}""");
        var (status, pair) = await _server.PostAsync("/predict", """{"inputs": ["茅台还能买吗", "大盘怎么样"]}""");

        Assert.Equal("个股问询", (string?)one[0]!["label"]);
        Assert.Equal(one.ToJsonString(), flat.ToJsonString());
        Assert.Equal(one.AsArray().Select(p => (double)p!["score"]!).OrderDescending(), one.AsArray().Select(p => (double)p!["score"]!));
        Assert.Equal(2, several.AsArray().Count);
        Assert.Equal((double)one[0]!["score"]!, Math.Exp((double)several[0]![0]!["score"]!), 1e-9);
        Assert.Equal((HttpStatusCode.BadRequest, "Validation"), (status, (string?)pair["error_type"]));
        Assert.Contains("a pair of texts", (string?)pair["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/intent/classify", """{"input": "茅台还能买吗"}""")]
    [InlineData("/classify", """{"input": "茅台还能买吗"}""")]
    [InlineData("/predict", """{"inputs": "茅台还能买吗"}""")]
    [InlineData("/predict", """{"inputs": [["茅台还能买吗"]]}""")]
    [InlineData("/v1/chat/completions",
        """{"messages": [{"role": "user", "content": "嗯"}], "structured_outputs": {"choice": ["个股问询", "问询"]}}""")]
    [InlineData("/api/chat",
        """{"messages": [{"role": "user", "content": "嗯"}], "format": {"enum": ["个股问询", "问询"]}, "stream": false}""")]
    public async Task Chinese_is_written_as_it_is_on_every_route(string path, string request)
    {
        using var content = new StringContent(request, Encoding.UTF8, "application/json");
        using var response = await _server.Client.PostAsync(path, content, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);

        Assert.Contains("问询", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tei_cuts_long_texts_only_when_asked()
    {
        var text = string.Concat(Enumerable.Repeat("大盘怎么样", 600).Concat(Enumerable.Repeat("茅台还能买吗", 600)));
        string Body(string more) => $$"""{"inputs": "{{text}}"{{more}}}""";

        var (long_, problem) = await _server.PostAsync("/predict", Body(""));
        var (right, cut) = await _server.PostAsync("/predict", Body(", \"truncate\": true"));
        var (left, other) = await _server.PostAsync("/predict", Body(", \"truncate\": true, \"truncation_direction\": \"Left\""));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.OK, HttpStatusCode.OK), (long_, right, left));
        Assert.Contains("1024", (string?)problem["error"], StringComparison.Ordinal);
        Assert.Equal(5, cut.AsArray().Count);
        Assert.NotEqual(cut.ToJsonString(), other.ToJsonString());
    }

    [Fact]
    public async Task Ollamas_chat_comes_in_lines_by_default()
    {
        const string request = """
            {"model": "finintent-8m:latest", "messages": [{"role": "user", "content": "什么是基金定投？"}], "logprobs": true,
            "options": {"temperature": 3, "top_k": 0, "top_p": 1, "seed": 7, "num_predict": 20, "num_ctx": 2048}
            """;
        using var content = new StringContent(request + "}", Encoding.UTF8, "application/json");
        using var response = await _server.Client.PostAsync("/api/chat", content, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        var (_, whole) = await _server.PostAsync("/api/chat", request + ", \"stream\": false}");

        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.True(lines.Count > 5, text);
        Assert.Equal((string?)whole["message"]!["content"], string.Concat(lines.Select(line => (string?)line["message"]!["content"])));
        Assert.All(lines[..^1], line => Assert.False((bool)line["done"]!));
        Assert.Equal(("length", 20), ((string?)lines[^1]["done_reason"], (int)lines[^1]["eval_count"]!));
        Assert.Equal(20, whole["logprobs"]!.AsArray().Count);
    }

    [Fact]
    public async Task Ollamas_format_with_an_enum_is_a_choice()
    {
        var request = new JsonObject
        {
            ["model"] = "finintent-8m",
            ["stream"] = false,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = EmbeddedClassifier.Asked("茅台还能买吗") }),
            ["format"] = JsonNode.Parse("""{"type": "object", "properties": {"intent": {"enum": ["买入", "卖出"]}}}"""),
        };

        var (_, body) = await _server.PostAsync("/api/chat", request.ToJsonString());
        request["format"] = "json";
        var (status, refused) = await _server.PostAsync("/api/chat", request.ToJsonString());

        Assert.Contains((string?)body["message"]!["content"], (string[])["""{"intent":"买入"}""", """{"intent":"卖出"}"""]);
        Assert.Equal(2, body["finintent"]!["choices"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("format is not supported", (string?)refused["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ollamas_other_routes_tell_of_models()
    {
        var model = (await Get("/api/tags"))["models"]![0]!;
        var (_, shown) = await _server.PostAsync("/api/show", """{"model": "finintent-8m"}""");
        var (_, loaded) = await _server.PostAsync("/api/chat", """{"model": "finintent-8m"}""");
        var (status, missing) = await _server.PostAsync("/api/show", """{"model": "nobody"}""");

        Assert.Equal("finintent-8m", (string?)model["name"]);
        Assert.True((long)model["size"]! > 1_000_000);
        Assert.Equal(1024, (int)shown["model_info"]![(string)shown["details"]!["family"]! + ".context_length"]!);
        Assert.Equal(("load", true), ((string?)loaded["done_reason"], (bool)loaded["done"]!));
        Assert.Matches(@"^\d+\.\d+\.\d+$", (string?)(await Get("/api/version"))["version"]);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("nobody", (string?)missing["error"], StringComparison.Ordinal);
    }
}
