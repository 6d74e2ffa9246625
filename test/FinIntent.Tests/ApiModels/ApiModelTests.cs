using System.Text.Json.Nodes;
using FinIntent.ApiModels;
using FinIntent.Settings;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.ApiModels;

public sealed class ApiModelTests
{
    static readonly Conversation Question = new("你是助手", [new("user", "问句: 茅台\n")]);

    [Fact]
    public async Task Anthropics_request_is_on_the_wire_as_its_reference_describes_it()
    {
        using var bench = new ApiBench(ApiKind.Anthropic);
        bench.Settings = bench.Settings with { ApiParameters = Map("""{"thinking":{"type":"disabled"}}""") };

        await Ask(bench, bench.Endpoint, new(64) { StopWords = ["\n\n"] });

        var request = Assert.Single(bench.Server.Requests);
        Assert.Equal("/v1/messages", request.Path);
        Assert.True(request.Headers.ContainsKey("anthropic-version"));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"model":"m-1","max_tokens":64,"system":[{"type":"text","text":"你是助手"}],"messages":[{"role":"user","content":[{"type":"text","text":"问句: 茅台\n"}]}],
             "stop_sequences":["\n\n"],"thinking":{"type":"disabled"}}
            """), request.Body), request.Body.ToJsonString());
    }

    [Theory]
    [InlineData(ApiKind.OpenAi, "/v1", null, "/v1/chat/completions", "", "max_tokens")]
    [InlineData(ApiKind.Ollama, "/v1", null, "/v1/chat/completions", "", "max_tokens")]
    [InlineData(ApiKind.Azure, "/openai/v1", null, "/openai/v1/chat/completions", "", "max_completion_tokens")]
    [InlineData(ApiKind.Azure, "/openai/deployments/m-1", "2024-10-21", "/openai/deployments/m-1/chat/completions",
        "?api-version=2024-10-21", "max_completion_tokens")]
    public async Task Chat_completions_are_on_the_wire_as_their_reference_describes_them(
        object kind, string address, string? version, string path, string query, string limit)
    {
        using var bench = new ApiBench((ApiKind)kind);
        bench.Settings = bench.Settings with { ApiParameters = Map("""{"reasoning_effort":"low","seed":null}""") };

        await Ask(bench, bench.Endpoint with { Base = new(bench.Server.Url + address), Version = version },
            new(64) { Temperature = 0, Seed = 3, StopWords = ["\n\n"] });

        var request = Assert.Single(bench.Server.Requests);
        Assert.Equal((path, query), (request.Path, request.Query));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse($$"""
            {"model":"m-1","messages":[{"role":"system","content":"你是助手"},{"role":"user","content":"问句: 茅台\n"}],
             "{{limit}}":64,"temperature":0,"stop":["\n\n"],"reasoning_effort":"low"}
            """), request.Body), request.Body.ToJsonString());
        var header = (ApiKind)kind == ApiKind.Azure ? request.Headers["api-key"] : request.Headers["Authorization"].Replace("Bearer ", "");
        Assert.Equal(ApiServer.Key, header);
    }

    [Theory]
    [InlineData(ApiKind.Anthropic)]
    [InlineData(ApiKind.OpenAi)]
    public async Task A_server_without_a_key_gets_none_from_the_environment(object kind)
    {
        using var bench = new ApiBench((ApiKind)kind);
        Environment.SetEnvironmentVariable("ANTHROPIC_API_KEY", ApiServer.Key);
        Environment.SetEnvironmentVariable("OPENAI_API_KEY", ApiServer.Key);
        try
        {
            var error = await Assert.ThrowsAsync<ApiFailure>(() => Ask(bench, bench.Endpoint with { Key = null }));

            Assert.Contains(" 401 ", error.Message);
            Assert.Contains("set the key in the environment variable", error.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable("ANTHROPIC_API_KEY", null);
            Environment.SetEnvironmentVariable("OPENAI_API_KEY", null);
        }
    }

    [Theory]
    [InlineData(ApiKind.Anthropic, "TooMany")]
    [InlineData(ApiKind.OpenAi, "TooMany")]
    [InlineData(ApiKind.OpenAi, "TooManyUntil")]
    public async Task A_server_that_asks_to_wait_is_waited_for(object kind, string fault)
    {
        using var bench = new ApiBench((ApiKind)kind);
        bench.Server.RetryAfter = 40;
        bench.Server.FaultOf = (_, attempt) => attempt == 1 ? Enum.Parse<Fault>(fault) : null;

        await Ask(bench, bench.Endpoint);

        // A date has no fractions of a second, and some time has passed since it was made.
        Assert.InRange(Assert.Single(Waits(bench)), fault == "TooMany" ? 40 : 1, 41);
        var times = bench.Server.Requests.Select(r => r.Time.TotalSeconds).ToList();
        Assert.True(times[1] - times[0] >= (fault == "TooMany" ? 39.9 : 38), $"{times[1] - times[0]} s after a 429");
    }

    [Fact]
    public async Task Waits_without_a_wish_of_the_server_grow()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.FaultOf = (_, attempt) => attempt <= 6 ? Fault.Overloaded : null;

        await Ask(bench, bench.Endpoint);

        var waits = Waits(bench);
        Assert.Equal((7, 6), (bench.Server.Requests.Count, waits.Count));
        Assert.InRange(waits.Skip(3).Sum(), 2 * waits.Take(3).Sum(), 180);
    }

    [Fact]
    public async Task A_wait_longer_than_allowed_ends_the_run()
    {
        using var bench = new ApiBench(ApiKind.Anthropic);
        bench.Server.RetryAfter = 3600;
        bench.Server.FaultOf = (_, _) => Fault.TooMany;

        var error = await Assert.ThrowsAsync<ApiFailure>(() => Ask(bench, bench.Endpoint));

        Assert.True(error.IsFinal);
        Assert.Contains("asks to wait 3600 s, longer than api_longest_wait (300 s)", error.Message);
        Assert.Single(bench.Server.Requests);
    }

    [Theory]
    [InlineData(400, "api_parameters")]
    [InlineData(401, "the key is not accepted")]
    [InlineData(403, "permissions")]
    [InlineData(404, "api_model (\"m-1\")")]
    [InlineData(413, "api_base")]
    public async Task What_would_fail_again_ends_the_run_and_says_what_to_do_without_the_key(int status, string remedy)
    {
        foreach (var kind in (ApiKind[])[ApiKind.Anthropic, ApiKind.OpenAi, ApiKind.Azure])
        {
            using var bench = new ApiBench(kind);
            bench.Server.Refusal = _ => (status, bench.Server.Error("invalid_request_error", $"not with {ApiServer.Key}!"));

            var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(ApiBench.Questions(30)));

            foreach (var part in (string[])[$"{bench.Server.Url}/v1/", $" answered {status} ", "not with [key]!", remedy,
                "30 of 30 questions have no answer"])
                Assert.Contains(part, error.Message);
            Assert.DoesNotContain(ApiServer.Key, error.ToString());
            Assert.InRange(bench.Server.Requests.Count, 1, bench.Concurrency);
        }
    }

    [Theory]
    [InlineData(302, "<html>moved</html>", "redirects to https://elsewhere.example/")]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""",
        "no credit left")]
    [InlineData(404, """{"error":"model 'm-1' not found"}""", "model 'm-1' not found")]
    [InlineData(403, "", "no message")]
    public async Task Other_words_for_no_are_understood(int status, string body, string expected)
    {
        using var bench = new ApiBench(ApiKind.Ollama);
        bench.Server.Refusal = _ => (status, body);

        var error = await Assert.ThrowsAsync<ApiFailure>(() => Ask(bench, bench.Endpoint));

        Assert.True(error.IsFinal);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public async Task A_filter_of_contents_is_an_answer_and_so_is_one_cut_short()
    {
        using var bench = new ApiBench(ApiKind.Azure);
        bench.Server.FinishReason = "length";
        var cut = await Ask(bench, bench.Endpoint);
        bench.Server.Refusal = _ => (400, bench.Server.Error("", "filtered", code: "content_filter"));
        var filtered = await Ask(bench, bench.Endpoint);

        Assert.Equal("length", cut.Finish);
        Assert.Equal(("", "content_filter"), (filtered.Text, filtered.Finish));
    }

    /// <summary>Seconds waited between attempts; what limits an attempt is longer.</summary>
    static List<double> Waits(ApiBench bench) =>
        [.. bench.Time.Asked.Select(t => t.TotalSeconds).Where(t => t > 0 && t < bench.Settings.ApiTimeout)];

    static async Task<ApiAnswer> Ask(ApiBench bench, ApiEndpoint endpoint, ApiRequest? request = null)
    {
        using var model = bench.Model(endpoint, request);
        return await model.Ask(Question, TestContext.Current.CancellationToken);
    }

    static JsonObject Map(string json) => (JsonObject)JsonNode.Parse(json)!;
}
