using System.Net;
using System.Text.Json.Nodes;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server;

[Collection(ServerCollection.Name)]
public sealed class IntentRoutesTests(ServerFixture fixture)
{
    const string Route = "/v1/intent/classify";

    readonly RunningServer _server = fixture.Running;

    [Fact]
    public async Task A_text_gets_its_intent_under_the_names_of_files_and_library()
    {
        var (status, body) = await _server.PostAsync(Route, """{"input": "茅台还能买吗", "id": "q1"}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("q1", (string?)body["id"]);
        var result = body["results"]![0]!;
        Assert.Equal(("个股问询", "B"), ((string?)result["intent"], (string?)result["label"]));
        Assert.Equal(5, result["probabilities"]!.AsArray().Count);
        Assert.Equal((double)result["probability"]!, (double)result["probabilities"]![0]!["probability"]!);
        Assert.Null(result["abstained"]);
        Assert.Equal((int)result["tokens"]!, (int)body["usage"]!["prompt_tokens"]!);
        Assert.Matches("^[0-9a-f]{12}$", (string?)body["adapter_version"]);
    }

    [Fact]
    public async Task Answers_equal_those_of_the_library_to_the_last_bit()
    {
        string[] texts = ["茅台还能买吗", "大盘怎么样", "怎么开户", "基金定投好不好"];
        await using var classifier = await IntentClassifier.LoadAsync(
            EmbeddedClassifier.Model, EmbeddedClassifier.Options, TestContext.Current.CancellationToken);

        var expected = await classifier.ClassifyAsync(texts, cancellationToken: TestContext.Current.CancellationToken);
        var (_, body) = await _server.PostAsync(Route,
            new JsonObject { ["input"] = new JsonArray([.. texts.Select(t => (JsonNode)t)]) }.ToJsonString());

        foreach (var (result, answer) in expected.Zip(body["results"]!.AsArray()))
            foreach (var option in answer!["probabilities"]!.AsArray())
                Assert.Equal(BitConverter.DoubleToInt64Bits(result.Probabilities[(string)option!["intent"]!]),
                    BitConverter.DoubleToInt64Bits((double)option["probability"]!));
    }

    [Theory]
    [InlineData("""{"inputs": "a"}""", "\"inputs\" is no field of this request; it has input, ")]
    [InlineData("""{"model": "finintent-8m"}""", "input is missing")]
    [InlineData("""{"input": ["a", 3]}""", "here stands neither a text nor an object")]
    [InlineData("""{"input": [{"text": "a", "url": "http://x"}]}""", "neither text, id nor history but \"url\"")]
    [InlineData("""{"input": []}""", "input has no text")]
    [InlineData("""{"input": " "}""", "the text is empty")]
    [InlineData("""{"input": "\ud83d"}""", "input has a value that it cannot have")]
    [InlineData("""{"input": "a", "top_k": 0}""", "top_k is 0")]
    [InlineData("""{"input": "a", "threshold": 1.5}""", "threshold is 1.5")]
    [InlineData("""{"input": "a", "deadline_ms": 0}""", "deadline_ms is 0")]
    [InlineData("""{"input": "a", "labels": ["个股问询"]}""", "labels has 1 of them")]
    [InlineData("""{"input": "a", "labels": ["个股问询", "期货"]}""", "labels: \"期货\" is none of openfindata; it has A 行业板块问询")]
    [InlineData("""{"input": "a", "labels": ["个股问询", "B"]}""", "labels: \"B\" is named twice")]
    [InlineData("""{"input": "a", "intent_set": "cards"}""", "intent set \"cards\" is not known")]
    [InlineData("""{"input": "a", "input": "b"}""", "a name twice")]
    [InlineData("""[]""", "no JSON object")]
    [InlineData("""{"input": """, "the body is no JSON: line 1")]
    [InlineData("", "the body is empty")]
    public async Task What_is_wrong_with_a_request_is_told(string body, string message)
    {
        var (status, answer) = await _server.PostAsync(Route, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, (string?)answer["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", (string?)answer["error"]!["type"]);
    }

    [Fact]
    public async Task A_subset_of_labels_is_renormalised()
    {
        var (_, all) = await _server.PostAsync(Route, """{"input": "大盘怎么样"}""");
        var (_, two) = await _server.PostAsync(Route, """{"input": "大盘怎么样", "labels": ["大盘问询", "B"]}""");

        var full = all["results"]![0]!["probabilities"]!.AsArray().ToDictionary(p => (string)p!["label"]!, p => (double)p!["probability"]!);
        var chosen = two["results"]![0]!["probabilities"]!.AsArray()
            .ToDictionary(p => (string)p!["label"]!, p => (double)p!["probability"]!);
        Assert.Equal(["B", "C"], chosen.Keys.Order());
        Assert.Equal(full["C"] / (full["B"] + full["C"]), chosen["C"], 1e-12);
    }

    [Theory]
    [InlineData("GET", Route, 405, "/v1/intent/classify takes POST, and this was GET")]
    [InlineData("GET", "/nothing", 404, "there is no route GET /nothing")]
    public async Task Routes_and_methods_that_are_not_there_are_told(string method, string path, int status, string message)
    {
        using var response = await _server.Client.SendAsync(new(new(method), path), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(message, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
