using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FinIntent.Generation;
using FinIntent.Tests.Classification;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>POST /v1/chat/completions and /v1/completions byte by byte.</summary>
[Collection(ServerCollection.Name)]
public sealed class ChatRoutesTests(ServerFixture fixture)
{
    const string Chat = "/v1/chat/completions", Completions = "/v1/completions";
    const string Question = "什么是基金定投？";

    readonly RunningServer _server = fixture.Running;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Any token may be drawn, so an answer is long and of many scripts.</summary>
    static JsonObject Wild(int tokens) => new()
    {
        ["model"] = "finintent-8m",
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Question }),
        ["temperature"] = 3,
        ["seed"] = 7,
        ["max_completion_tokens"] = tokens,
    };

    static JsonObject With(JsonObject request, string name, JsonNode? value)
    {
        request[name] = value;
        return request;
    }

    async Task<JsonNode> Ask(JsonObject request, string route = Chat)
    {
        var (status, body) = await _server.PostAsync(route, request.ToJsonString());
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    async Task<List<string>> Events(JsonObject request, string route = Chat)
    {
        request["stream"] = true;
        using var content = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _server.Client.PostAsync(route, content, Stop);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        var events = text.Split("\n\n")[..^1];
        Assert.All(events, e => Assert.StartsWith("data: ", e, StringComparison.Ordinal));
        Assert.All(events, e => Assert.DoesNotContain('\n', e));
        return [.. events[..^1].Select(e => e["data: ".Length..])];
    }

    static string TextOf(JsonArray tokens) =>
        Encoding.UTF8.GetString([.. tokens.SelectMany(token => token!["bytes"]?.AsArray() ?? []).Select(b => (byte)(int)b!)]);

    [Fact]
    public async Task An_answer_is_the_models_and_its_pieces_make_the_same()
    {
        var options = new AnswerOptions(new(Temperature: 3, TopK: 0, TopP: 1), 40);
        var expected = _server.Host.Chat.Answer([new(null, [new("user", Question)])], [7], options)[0];

        var whole = await Ask(Wild(40));
        var chunks = (await Events(With(Wild(40), "stream_options", new JsonObject { ["include_usage"] = true })))
            .Select(e => JsonNode.Parse(e)!).ToList();

        Assert.Equal(expected, (string?)whole["choices"]![0]!["message"]!["content"]);
        Assert.Equal(("chat.completion", "finintent-8m", "length", 40), ((string?)whole["object"], (string?)whole["model"],
            (string?)whole["choices"]![0]!["finish_reason"], (int)whole["usage"]!["completion_tokens"]!));
        Assert.Equal(_server.Host.Models.Own.Version, (string?)whole["system_fingerprint"]);
        Assert.StartsWith("chatcmpl-", (string?)whole["id"], StringComparison.Ordinal);
        Assert.True(chunks.Count > 10, "the answer comes in pieces");
        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal(expected, string.Concat(chunks[..^1].Select(c => (string?)c["choices"]![0]!["delta"]!["content"])));
        Assert.Equal("length", (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(whole["usage"]!.ToJsonString(), chunks[^1]["usage"]!.ToJsonString());
        Assert.Single(chunks.Select(c => (string?)c["id"]).Distinct());
    }

    [Fact]
    public async Task Log_probabilities_come_with_their_tokens()
    {
        var request = With(With(Wild(30), "logprobs", true), "top_logprobs", 3);

        var whole = await Ask(request);
        var chunks = (await Events(request)).Select(e => JsonNode.Parse(e)!);

        var tokens = whole["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        var text = (string?)whole["choices"]![0]!["message"]!["content"];
        Assert.Equal(30, tokens.Count);
        Assert.Equal(text, TextOf(tokens).TrimStart());
        Assert.All(tokens, token => Assert.Equal(3, token!["top_logprobs"]!.AsArray().Count));
        Assert.All(tokens, token => Assert.InRange((double)token!["logprob"]!, -9999, 0));
        var streamed = chunks.SelectMany(c => c["choices"]![0]!["logprobs"]?["content"]?.AsArray() ?? []);
        Assert.Equal(tokens.Select(t => t!.ToJsonString()), streamed.Select(t => t!.ToJsonString()));
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_before_it()
    {
        var whole = (string)(await Ask(Wild(30)))["choices"]![0]!["message"]!["content"]!;
        var word = whole.Substring(whole.Length / 2, 2);

        var stopped = await Ask(With(Wild(30), "stop", new JsonArray("never said", word)));

        Assert.Equal(whole[..whole.IndexOf(word, StringComparison.Ordinal)], (string?)stopped["choices"]![0]!["message"]!["content"]);
        Assert.Equal("stop", (string?)stopped["choices"]![0]!["finish_reason"]);
    }

    public static TheoryData<string, string> ChoiceForms => new()
    {
        { """{"structured_outputs": {"choice": ["A", "B", "C", "D", "E"]}}""", "B" },
        { """{"guided_choice": ["A", "B", "C", "D", "E"]}""", "B" },
        {
            """
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "string",
            "enum": ["买入", "卖出"]}}}}
            """, "\"卖出\"|\"买入\""
        },
        {
            """
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$schema": "s", "type": "object",
            "properties": {"intent": {"$ref": "#/$defs/Intent"}}, "required": ["intent"], "additionalProperties": false,
            "$defs": {"Intent": {"enum": ["buy", "sell"], "type": "string"}}}}}}
            """, """{"intent":"buy"}|{"intent":"sell"}"""
        },
        {
            """
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object",
            "properties": {"n": {"anyOf": [{"const": 1}, {"const": 2, "description": "two"}]}}}}}}
            """, """{"n":1}|{"n":2}"""
        },
    };

    [Theory, MemberData(nameof(ChoiceForms))]
    public async Task The_answer_is_the_most_probable_of_the_choices(string form, string answers)
    {
        var request = With(With(JsonNode.Parse(form)!.AsObject(), "logprobs", true), "messages",
            new JsonArray(new JsonObject { ["role"] = "user", ["content"] = EmbeddedClassifier.Asked("茅台还能买吗") }));

        var body = await Ask(request);
        var chunks = (await Events(request)).Select(e => JsonNode.Parse(e)!).ToList();

        var content = (string?)body["choices"]![0]!["message"]!["content"];
        Assert.Contains(content, answers.Split('|'));
        var scored = body["finintent"]!["choices"]!.AsArray();
        Assert.Equal(1, scored.Sum(c => (double)c!["probability"]!), 1e-9);
        Assert.Equal(content, (string?)scored.MaxBy(c => (double)c!["probability"]!)!["choice"]);
        var tokens = body["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal(content, TextOf(tokens));
        Assert.Contains(tokens, token => token!["top_logprobs"]!.AsArray().Count > 1);
        Assert.Equal(content, string.Concat(chunks.Select(c => (string?)c["choices"]![0]!["delta"]!["content"])));
        Assert.Equal(body["finintent"]!.ToJsonString(), chunks[^1]["finintent"]!.ToJsonString());
    }

    [Fact]
    public async Task Choices_that_are_the_labels_have_the_probabilities_of_the_classification()
    {
        var (_, classified) = await _server.PostAsync("/classify", """{"input": "茅台还能买吗"}""");

        var body = await Ask(new()
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = EmbeddedClassifier.Asked("茅台还能买吗") }),
            ["guided_choice"] = new JsonArray("A", "B", "C", "D", "E"),
        });

        Assert.Equal(classified["data"]![0]!["probs"]!.AsArray().Select(p => (double)p!),
            body["finintent"]!["choices"]!.AsArray().Select(c => (double)c!["probability"]!), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { """ "tools": [{"type": "function"}] """, "tools", "calls no tools" },
        { """ "n": 2 """, "n", "send several requests" },
        { """ "best_of": 2 """, "best_of", "send several requests" },
        { """ "logit_bias": {"5": 1} """, "logit_bias", "structured_outputs.choice" },
        { """ "presence_penalty": 0.5 """, "presence_penalty", "leave it out" },
        { """ "response_format": {"type": "json_object"} """, "response_format of type json_object", "json_schema with an enum" },
        { """ "structured_outputs": {"regex": "a*"} """, "structured_outputs.regex", "no pattern is taken" },
        { """ "guided_regex": "a*" """, "guided_regex", "no pattern is taken" },
        { """ "structured_outputs": {"choice": ["a"]} """, "structured_outputs.choice", "give 2 to 1000" },
        { """ "guided_choice": ["a", "b", "a"] """, "guided_choice[2]", "the same as guided_choice[0]" },
        { """ "guided_choice": ["a", ""] """, "guided_choice[1]", "empty" },
        { """ "guided_choice": ["a", "b"], "structured_outputs": {"choice": ["a", "b"]} """, "guided_choice", "give one" },
        { """ "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string"}}} """,
            "response_format.json_schema.schema", "an enum" },
        { """
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties":
            {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}}}}}
            """, "response_format.json_schema.schema with 2 properties", "one property" },
        { """ "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": ["a", "b"], "pattern": "a"}}} """,
            "response_format.json_schema.schema: pattern", "an enum" },
        { """ "temperature": -1 """, "temperature", "0 or more" },
        { """ "top_p": 0 """, "top_p", "above 0" },
        { """ "max_tokens": 0 """, "max_tokens", "1 or more" },
        { """ "top_logprobs": 3 """, "top_logprobs", "needs logprobs" },
        { """ "logprobs": true, "top_logprobs": 21 """, "top_logprobs", "from 0 to 20" },
        { """ "reasoning_effort": "high" """, "reasoning_effort", "training's choice" },
        { """ "messages": [] """, "messages", "nothing to answer" },
        { """ "messages": [{"role": "tool", "content": "x"}] """, "messages[0].role", "system, user and assistant" },
        { """ "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}] """,
            "messages[0].content", "the model reads text only" },
        { """ "model": "nobody" """, "model", "there is no model" },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task What_is_not_supported_is_refused_by_its_name(string part, string param, string message)
    {
        var request = JsonNode.Parse("""{"messages": [{"role": "user", "content": "a"}], "max_tokens": 1}""")!.AsObject();
        foreach (var (name, value) in JsonNode.Parse($"{{{part}}}")!.AsObject()) request[name] = value?.DeepClone();

        var (status, body) = await _server.PostAsync(Chat, request.ToJsonString());

        Assert.Equal(param == "model" ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest, status);
        Assert.Equal(param, (string?)body["error"]!["param"]);
        Assert.Contains(message, (string?)body["error"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_is_no_text()
    {
        var (status, body) = await _server.PostAsync(Chat, """{"messages": [{"role": "user", "content": "\ud83d"}]}""");

        Assert.Equal((HttpStatusCode.BadRequest, "messages[0].content"), (status, (string?)body["error"]!["param"]));
        Assert.Contains("no valid Unicode", (string?)body["error"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Harmless_fields_and_text_parts_are_taken()
    {
        var body = await Ask(JsonNode.Parse("""
            {"messages": [{"role": "developer", "content": "s"}, {"role": "user", "name": "u", "content": [{"type": "text", "text": "茅台"},
            {"type": "text", "text": "还能买吗"}]}], "max_tokens": 2, "user": "u", "metadata": {"a": "b"}, "store": false, "tools": [],
            "tool_choice": "none", "parallel_tool_calls": true, "presence_penalty": 0, "logit_bias": {}, "n": 1, "service_tier": "auto",
            "response_format": {"type": "text"}, "stop": null, "seed": null, "modalities": ["text"], "temperature": 0}
            """)!.AsObject());

        Assert.Equal(_server.Host.Chat.Answer([new("s", [new("user", "茅台还能买吗")])], [0], new(SamplingOptions.Greedy, 2))[0],
            (string?)body["choices"]![0]!["message"]!["content"]);
    }

    [Fact]
    public async Task Texts_are_continued_each_by_itself()
    {
        JsonObject request = new()
        {
            ["prompt"] = new JsonArray("基金", "the bank"),
            ["max_tokens"] = 8,
            ["temperature"] = 0,
            ["logprobs"] = 2,
        };

        var body = await Ask(request, Completions);
        var chunks = (await Events(request, Completions)).Select(e => JsonNode.Parse(e)!).ToList();

        foreach (var (i, prompt) in new[] { "基金", "the bank" }.Index())
        {
            using var run = AnswerRun.OfText(_server.Host.Chat, prompt, 0, new(SamplingOptions.Greedy, 8) { KeepsLeadingBlanks = true });
            var text = "";
            while (run.End is null) text += run.Step().Text;
            var choice = body["choices"]![i]!;
            Assert.Equal(text, (string?)choice["text"]);
            var logprobs = choice["logprobs"]!;
            var tokens = logprobs["tokens"]!.AsArray().Count;
            Assert.All(logprobs.AsObject(), list => Assert.Equal(tokens, list.Value!.AsArray().Count));
            Assert.Equal(0, (int)logprobs["text_offset"]![0]!);
            var pieces = chunks.Select(c => c["choices"]![0]!).Where(c => (int)c["index"]! == i);
            Assert.Equal(text, string.Concat(pieces.Select(piece => (string?)piece["text"])));
        }
        Assert.Equal("text_completion", (string?)body["object"]);
        var (status, echo) = await _server.PostAsync(Completions, """{"prompt": "a", "echo": true}""");
        Assert.Equal((HttpStatusCode.BadRequest, "echo"), (status, (string?)echo["error"]!["param"]));
    }

    [Fact]
    public async Task A_caller_who_goes_frees_the_place_of_the_answer()
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var request = With(With(Wild(900), "stream", true), "temperature", 3);
        using var message = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json"),
        };

        using (var response = await _server.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, gone.Token))
        {
            await using var body = await response.Content.ReadAsStreamAsync(gone.Token);
            Assert.NotEqual(0, await body.ReadAsync(new byte[100], gone.Token));
            Assert.Equal(1, _server.Host.Admission.Rows);
        }

        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (_server.Host.Admission.Rows > 0 && patience.Elapsed < TimeSpan.FromSeconds(5)) await Task.Delay(10, Stop);
        Assert.Equal((0, 0), (_server.Host.Admission.Rows, _server.Host.Admission.Tokens));
    }

    [Fact]
    public async Task A_deadline_ends_an_answer()
    {
        var (status, body) = await _server.PostAsync(Chat, With(Wild(900), "deadline_ms", 50).ToJsonString());

        Assert.Equal(HttpStatusCode.GatewayTimeout, status);
        Assert.Contains("50 ms", (string?)body["error"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/classify")]
    [InlineData("/api/chat")]
    public async Task A_message_that_is_null_is_told_by_its_number(string route)
    {
        var (status, body) = await _server.PostAsync(route, """{"messages": [{"role": "user", "content": "a"}, null]}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("messages[1] is null", body.ToJsonString(), StringComparison.Ordinal);
    }
}
