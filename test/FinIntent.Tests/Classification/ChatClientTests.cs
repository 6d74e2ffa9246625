using FinIntent.Generation;
using FinIntent.Text;
using Microsoft.Extensions.AI;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Classification;

/// <summary>The classifier's chat client by itself: answers are those of the model that `finintent inference` talks to.</summary>
public sealed class ChatClientTests(EmbeddedClassifier embedded) : IClassFixture<EmbeddedClassifier>
{
    const string Question = "什么是基金定投？";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Any token may be drawn, so an answer is long and of many scripts.</summary>
    static ChatOptions Wild(int tokens, long seed = 7) =>
        new() { Seed = seed, Temperature = 3, TopP = 1, TopK = 0, MaxOutputTokens = tokens };

    readonly IntentClassifier _classifier = embedded.Classifier;
    readonly IChatClient _chat = embedded.Classifier.AsChatClient();

    static ChatModel Model() =>
        ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = EmbeddedClassifier.Options.Template }, CPU);

    static string Reference(ChatModel model, ChatOptions options, string? system, params Message[] messages) => model.Answer(
        [new(system, messages)], [options.Seed!.Value],
        new(new(Temperature: (double)options.Temperature!, TopK: options.TopK!.Value, TopP: (double)options.TopP!),
            options.MaxOutputTokens!.Value))[0];

    async Task<List<ChatResponseUpdate>> Streamed(ChatOptions options) =>
        await _chat.GetStreamingResponseAsync(Question, options, Stop).ToListAsync(Stop);

    [Fact]
    public async Task Pieces_as_they_come_make_the_whole_answer()
    {
        var whole = await _chat.GetResponseAsync(Question, Wild(40), Stop);
        var updates = await Streamed(Wild(40));
        var together = updates.ToChatResponse();

        Assert.True(updates.Count(update => update.Text.Length > 0) > 5, "the answer comes in pieces");
        Assert.Equal(whole.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.Equal((whole.Text, whole.FinishReason, whole.ModelId), (together.Text, together.FinishReason, together.ModelId));
        Assert.Equal(whole.Usage!.TotalTokenCount, together.Usage!.TotalTokenCount);
        Assert.Equal(ChatRole.Assistant, Assert.Single(whole.Messages).Role);
        Assert.Single(updates.Select(update => (update.ResponseId, update.MessageId, update.Role, update.ModelId)).Distinct());
        Assert.NotEqual(whole.ResponseId, together.ResponseId);
        Assert.Equal(_classifier.Name, whole.ModelId);
    }

    [Fact]
    public async Task Answers_are_those_of_the_model_with_what_was_said_before()
    {
        using var model = Model();
        var (system, options) = ("你是客服", Wild(20));

        var answer = await _chat.GetResponseAsync(
        [
            new(ChatRole.System, []), new(ChatRole.System, system), new(ChatRole.User, "有什么基金"),
            new(ChatRole.Assistant, "有几只。"), new(ChatRole.User, []), new(ChatRole.User, "那它"), new(ChatRole.User, "能买吗"),
        ], options, Stop);
        options.Instructions = "请简短";
        var instructed = await _chat.GetResponseAsync([new(ChatRole.System, system), new(ChatRole.User, Question)], options, Stop);

        Message[] said = [new("user", "有什么基金"), new("assistant", "有几只。"), new("user", "那它\n\n能买吗")];
        Assert.Equal(Reference(model, options, system, said), answer.Text);
        Assert.Equal(Reference(model, options, "请简短\n\n" + system, new Message("user", Question)), instructed.Text);
    }

    [Fact]
    public async Task Equal_seeds_give_equal_answers_and_a_temperature_of_nought_needs_none()
    {
        using var model = Model();
        var greedy = new ChatOptions { Temperature = 0, MaxOutputTokens = 12 };

        var seeds = new List<string>();
        foreach (var seed in (long[])[1, 1, 2]) seeds.Add((await _chat.GetResponseAsync(Question, Wild(20, seed), Stop)).Text);
        var free = await _chat.GetResponseAsync(Question, new() { Temperature = 3, TopP = 1, TopK = 0, MaxOutputTokens = 20 }, Stop);
        var best = await _chat.GetResponseAsync(Question, greedy, Stop);

        Assert.Equal(seeds[0], seeds[1]);
        Assert.NotEqual(seeds[0], seeds[2]);
        Assert.NotEqual(seeds[0], free.Text);
        Assert.Equal(model.Answer([new(null, [new("user", Question)])], [0], new(SamplingOptions.Greedy, 12))[0], best.Text);
    }

    [Fact]
    public async Task Usage_and_the_reason_of_the_end_are_told()
    {
        using var model = Model();
        var prompt = model.Template.EncodePrompt(new(null, [new("user", Question)])).Length;

        var cut = await _chat.GetResponseAsync(Question, Wild(9), Stop);
        var asked = EmbeddedClassifier.Asked("茅台还能买吗");
        var ended = await _chat.GetResponseAsync(asked, new() { Temperature = 0 }, Stop);

        Assert.Equal((ChatFinishReason.Length, 9, prompt, prompt + 9), (cut.FinishReason, cut.Usage!.OutputTokenCount,
            cut.Usage.InputTokenCount, cut.Usage.TotalTokenCount));
        Assert.Equal(("B", ChatFinishReason.Stop, 1), (ended.Text, ended.FinishReason, ended.Usage!.OutputTokenCount));
        var last = (await Streamed(Wild(9)))[^1];
        Assert.Equal(9, Assert.IsType<UsageContent>(Assert.Single(last.Contents)).Details.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, last.FinishReason);
    }

    [Fact]
    public async Task A_stop_sequence_ends_the_answer_before_it()
    {
        var whole = (await _chat.GetResponseAsync(Question, Wild(30), Stop)).Text;
        var word = whole.Substring(whole.Length / 2, 2);
        var options = Wild(30);
        options.StopSequences = ["never said, never", word];

        var stopped = await _chat.GetResponseAsync(Question, options, Stop);
        var streamed = await Streamed(options);

        Assert.Equal(whole[..whole.IndexOf(word, StringComparison.Ordinal)], stopped.Text);
        Assert.Equal(stopped.Text, string.Concat(streamed.Select(update => update.Text)));
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        Assert.InRange((long)stopped.Usage!.OutputTokenCount!, 1, 29);
    }

    [Fact]
    public async Task A_cancelled_answer_ends_between_tokens_and_the_next_one_comes()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var pieces = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in _chat.GetStreamingResponseAsync(Question, Wild(900), source.Token))
                if (update.Text.Length > 0 && ++pieces == 3) await source.CancelAsync();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _chat.GetResponseAsync(Question, Wild(900), source.Token));
        await foreach (var _ in _chat.GetStreamingResponseAsync(Question, Wild(900), Stop)) break;

        Assert.Equal(3, pieces);
        Assert.Equal(9, (await _chat.GetResponseAsync(Question, Wild(9), Stop)).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Texts_are_classified_while_long_answers_are_written()
    {
        var alone = new List<string>();
        for (var seed = 0; seed < 3; seed++) alone.Add((await _chat.GetResponseAsync(Question, Wild(60, seed), Stop)).Text);
        var before = await _classifier.ClassifyAsync("茅台还能买吗", cancellationToken: Stop);

        var answers = Enumerable.Range(0, 3).Select(seed => _chat.GetResponseAsync(Question, Wild(60, seed), Stop)).ToList();
        var results = await _classifier.ClassifyAsync([.. Enumerable.Repeat("茅台还能买吗", 8)], cancellationToken: Stop);
        var waiting = answers.Count(answer => !answer.IsCompleted);

        Assert.Equal(3, waiting);
        Assert.All(results, result => Assert.Equal(before.Probabilities, result.Probabilities));
        Assert.Equal(alone, (await Task.WhenAll(answers)).Select(answer => answer.Text));
    }

    [Fact]
    public async Task A_work_in_the_queue_has_its_turn_and_others_theirs()
    {
        // Two answers without end follow each other in the queue; a text and the end of its forward come between them.
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var endless = Enumerable.Range(0, 2).Select(seed => _chat.GetResponseAsync(Question, Wild(900, seed), source.Token)).ToList();

        foreach (var text in (string[])["茅台还能买吗", "怎么开户"])
            await _classifier.ClassifyAsync(text, cancellationToken: Stop).WaitAsync(TimeSpan.FromSeconds(60), Stop);
        await source.CancelAsync();

        await Task.WhenAll(endless).ContinueWith(_ => { }, Stop, TaskContinuationOptions.None, TaskScheduler.Default);
        Assert.DoesNotContain(endless, answer => answer.IsFaulted);
    }

    [Fact]
    public async Task A_reader_that_pauses_keeps_nobody_waiting()
    {
        await using var slow = _chat.GetStreamingResponseAsync(Question, Wild(900), Stop).GetAsyncEnumerator(Stop);
        Assert.True(await slow.MoveNextAsync());

        await _classifier.ClassifyAsync("茅台还能买吗", cancellationToken: Stop).WaitAsync(TimeSpan.FromSeconds(60), Stop);
        await _chat.GetResponseAsync(Question, Wild(5), Stop).WaitAsync(TimeSpan.FromSeconds(60), Stop);

        Assert.True(await slow.MoveNextAsync());
    }

    public static TheoryData<string, ChatOptions> Refused => new()
    {
        { "Tools: the model calls none", new() { Tools = [AIFunctionFactory.Create(() => 1, "one")] } },
        { "ResponseFormat: the model is not held to JSON", new() { ResponseFormat = ChatResponseFormat.Json } },
        { "FrequencyPenalty is not supported", new() { FrequencyPenalty = 1 } },
        { "PresencePenalty is not supported", new() { PresencePenalty = 1 } },
        { "Reasoning: how long the model thinks", new() { Reasoning = new() { Effort = ReasoningEffort.High } } },
        { "ConversationId: no conversation is kept", new() { ConversationId = "1" } },
        { "ModelId is \"gpt\"", new() { ModelId = "gpt" } },
        { "Temperature is -1; it must be 0 or more", new() { Temperature = -1 } },
        { "TopP is 0; it must be above 0 and at most 1", new() { TopP = 0 } },
        { "TopK is -1; it must be 1 or more, or 0", new() { TopK = -1 } },
        { "MaxOutputTokens is 0; it must be 1 or more", new() { MaxOutputTokens = 0 } },
    };

    [Theory, MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task What_the_model_cannot_do_is_refused_with_a_remedy(string reason, ChatOptions options)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => _chat.GetResponseAsync(Question, options, Stop));

        Assert.StartsWith(reason, error.Message);
    }

    public static TheoryData<string, ChatMessage[]> RefusedMessages => new()
    {
        { "no user's message has a text", [] },
        { "no user's message has a text", [new(ChatRole.System, "你是客服")] },
        { "message 1 is the assistant's; a user's must come first", [new(ChatRole.Assistant, "您好")] },
        { "the last message is the assistant's", [new(ChatRole.User, "您好"), new(ChatRole.Assistant, "您好")] },
        { "message 2 is the system's after others", [new(ChatRole.User, "您好"), new(ChatRole.System, "你是客服")] },
        { "message 1 holds a DataContent; the model reads text only", [new(ChatRole.User, [new DataContent(new byte[1], "image/png")])] },
        {
            "message 2 holds a FunctionResultContent",
            [new(ChatRole.User, "您好"), new(ChatRole.Tool, [new FunctionResultContent("1", 2)])]
        },
        { "message 2 has the role tool", [new(ChatRole.User, "您好"), new(ChatRole.Tool, "二")] },
        { "message 1 is no valid Unicode", [new(ChatRole.User, "茅\ud800台")] },
        { "a prompt has", [new(ChatRole.User, string.Concat(Enumerable.Repeat("茅台", 2000)))] },
    };

    [Theory, MemberData(nameof(RefusedMessages), DisableDiscoveryEnumeration = true)]
    public async Task Messages_that_the_model_cannot_read_are_refused(string reason, ChatMessage[] messages)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => _chat.GetResponseAsync(messages, cancellationToken: Stop));
        var streamed = await Assert.ThrowsAsync<UserErrorException>(
            async () => await _chat.GetStreamingResponseAsync(messages, cancellationToken: Stop).ToListAsync(Stop));

        Assert.StartsWith(reason, error.Message);
        Assert.Equal(error.Message, streamed.Message);
    }

    [Fact]
    public async Task A_client_tells_what_it_is_and_leaves_the_classifier_when_disposed()
    {
        var client = _classifier.AsChatClient();
        var metadata = client.GetRequiredService<ChatClientMetadata>();
        client.Dispose();

        Assert.Equal(("finintent", _classifier.Name), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Same(_classifier, client.GetService<IntentClassifier>());
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
        Assert.Null(client.GetService<string>());
        Assert.Throws<ArgumentNullException>(() => client.GetService(null!));
        Assert.Throws<ArgumentNullException>(() => { client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!, null, Stop); });
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.GetResponseAsync((IEnumerable<ChatMessage>)null!, null, Stop));
        Assert.NotNull(await client.GetResponseAsync(Question, Wild(2), Stop));
        Assert.NotNull(await _classifier.ClassifyAsync("茅台还能买吗", cancellationToken: Stop));
    }

    [Fact]
    public async Task Disposing_the_classifier_ends_an_answer()
    {
        var classifier = await IntentClassifier.LoadAsync(EmbeddedClassifier.Model, EmbeddedClassifier.Options, Stop);
        await using var answer = classifier.AsChatClient().GetStreamingResponseAsync(Question, Wild(900), Stop).GetAsyncEnumerator(Stop);
        Assert.True(await answer.MoveNextAsync());

        await classifier.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => { while (await answer.MoveNextAsync()) { } });
    }
}
