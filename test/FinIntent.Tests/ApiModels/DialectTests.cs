using FinIntent.Evaluation;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.ApiModels;

/// <summary>A run over a server that speaks another dialect than OpenAI's.</summary>
public sealed class DialectTests
{
    static readonly string Odd = ApiBench.Questions(8)[3].Question;

    [Theory]
    [InlineData("DashScope's filter")]
    [InlineData("DeepSeek's filter")]
    [InlineData("Zhipu's filter")]
    [InlineData("Ark's filter")]
    [InlineData("MiniMax's filter, in a 200")]
    [InlineData("Zhipu's filter of the answer")]
    [InlineData("OpenAI's refusal")]
    public async Task A_filter_refuses_one_question_and_the_run_goes_on(string reply)
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.Refusal = question => question == Odd ? Answer(reply) : null;

        var predictions = await bench.Run(ApiBench.Questions(8));

        AssertAskedOnce(bench, 8);
        Assert.Equal(("", "content_filter"), (predictions[3].Output, predictions[3].Finish));
        Assert.Equal((8, 1, 0), Counts(predictions, o => o.Refused, o => o.Empty));
    }

    [Theory]
    [InlineData("A reason that nobody knows")]
    [InlineData("No reason")]
    [InlineData("An empty reason")]
    [InlineData("An answer of TGI")]
    public async Task An_answer_is_taken_whatever_the_reason_why_it_ended(string reply)
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.Refusal = _ => Answer(reply);

        var predictions = await bench.Run(ApiBench.Questions(8));

        AssertAskedOnce(bench, 8);
        Assert.All(predictions, p => Assert.Equal("B", p.Output));
        Assert.Equal((8, 0, 0), Counts(predictions, o => o.Refused, o => o.Empty));
    }

    [Theory]
    [InlineData(ApiKind.OpenAi, "vLLM's reasoning parser", "reasoning_content")]
    [InlineData(ApiKind.Ollama, "Ollama's thoughts", "reasoning")]
    [InlineData(ApiKind.Anthropic, "Anthropic's empty list", null)]
    public async Task Empty_answers_are_counted_with_the_field_that_has_their_text(object kind, string reply, string? field)
    {
        using var bench = new ApiBench((ApiKind)kind);
        bench.Server.Refusal = _ => Answer(reply);

        var outcomes = AnswerOutcomes.Of(await bench.Run(ApiBench.Questions(8)))!;

        AssertAskedOnce(bench, 8);
        Assert.Equal((8, 8, field, true), (outcomes.Count, outcomes.Empty, outcomes.Field, outcomes.IsSilent));
    }

    [Theory]
    [InlineData("Zhipu's network", "ended its answer with \"network_error\"")]
    [InlineData("DeepSeek's lack of machines", "ended its answer with \"insufficient_system_resource\"")]
    [InlineData("OpenRouter's error in a choice", "answered 502 BadGateway: the provider is down")]
    [InlineData("MiniMax's limit, in a 200", "answered 200 OK with an error: rate limit (1002)")]
    public async Task A_server_that_broke_off_is_asked_again_and_its_word_is_told(string reply, string expected)
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Settings = bench.Settings with { ApiAttempts = 3 };
        bench.Server.Refusal = question => question == Odd ? Answer(reply) : null;

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(ApiBench.Questions(8)));
        bench.Server.Refusal = _ => null;
        var predictions = await bench.Run(ApiBench.Questions(8));

        Assert.Contains(expected, error.Message);
        Assert.Equal(7 + 3 + 1, bench.Server.Requests.Count);
        Assert.Equal(ApiServer.AnswerTo(Odd), predictions[3].Output);
    }

    [Fact]
    public async Task A_question_that_is_too_long_has_no_answer_and_the_others_do()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.Refusal = question => question == Odd ? Answer("vLLM's context") : null;

        var predictions = await bench.Run(ApiBench.Questions(8));

        AssertAskedOnce(bench, 8);
        Assert.Equal(("", "context_length"), (predictions[3].Output, predictions[3].Finish));
        Assert.Equal((8, 1, 0), Counts(predictions, o => o.TooLong, o => o.Empty));
    }

    [Fact]
    public async Task When_no_question_fits_the_run_ends_and_names_the_setting()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.Refusal = _ => Answer("vLLM's context");

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(ApiBench.Questions(60)));

        Assert.Contains("lower max_new_tokens, or shorten the question", error.Message);
        Assert.Contains("60 of 60 questions have no answer", error.Message);
        Assert.InRange(bench.Server.Requests.Count, 1, 2 * bench.Concurrency);
        Assert.Empty(PredictionFile.Read(bench["p.jsonl"]));
    }

    [Theory]
    [InlineData("Zhipu's balance", "no credit left")]
    [InlineData("DeepSeek's most tokens", "as max_new_tokens (64) asks for: lower it")]
    [InlineData("MiniMax's wrong key, in a 200", "the key is not accepted")]
    [InlineData("Zhipu's limit of hours", "run the same command again when it is renewed")]
    public async Task What_no_question_can_get_past_ends_the_run(string reply, string expected)
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Server.Refusal = _ => Answer(reply);

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(ApiBench.Questions(60)));

        Assert.Contains(expected, error.Message);
        Assert.InRange(bench.Server.Requests.Count, 1, bench.Concurrency);
    }

    [Theory]
    [InlineData("B")]
    [InlineData("个")]
    [InlineData("sk-test-5ecret0123456789")]
    public async Task A_key_that_is_part_of_an_answer_changes_none(string part)
    {
        using var bench = new ApiBench(ApiKind.Ollama); // it looks at no key
        bench.Server.AnswerOf = _ => $"B ({part})";
        var endpoint = bench.Endpoint with { Key = new(part == "个" ? "B" : part, "TEST_KEY") };

        using var model = bench.Model(endpoint);
        var answer = await model.Ask(new(null, [new("user", "问句: 茅台\n")]), TestContext.Current.CancellationToken);

        Assert.Equal($"B ({part})", answer.Text);
    }

    static (int Status, string Body) Answer(string reply) =>
        VendorReply.Named(reply) is var vendor ? (vendor.Head.Status, vendor.Body) : default;

    static (int, int, int) Counts(IReadOnlyList<Prediction> predictions, params Func<AnswerOutcomes, int>[] counts)
    {
        var outcomes = AnswerOutcomes.Of(predictions)!;
        return (outcomes.Count, counts[0](outcomes), counts[1](outcomes));
    }

    static void AssertAskedOnce(ApiBench bench, int count) =>
        Assert.Equal((count, count), (bench.Server.Requests.Count, bench.Server.Requests.Select(r => r.Question).Distinct().Count()));
}
