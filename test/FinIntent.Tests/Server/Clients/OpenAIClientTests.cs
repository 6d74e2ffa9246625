using System.ClientModel;
using System.ClientModel.Primitives;
using FinIntent.Tests.Classification;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Xunit;

namespace FinIntent.Tests.Server.Clients;

/// <summary>The OpenAI package, as its users call it.</summary>
[Collection(ServerCollection.Name)]
public sealed class OpenAIClientTests(ServerFixture fixture)
{
    const string Question = "什么是基金定投？";

    readonly RunningServer _server = fixture.Running;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Counts the requests that a client sends.</summary>
    sealed class Counter : PipelinePolicy
    {
        public int Sent { get; private set; }

        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
            throw new NotSupportedException();

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Sent++;
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }

    static OpenAIClient Client(RunningServer server, Counter? counter = null)
    {
        OpenAIClientOptions options = new() { Endpoint = new(server.Server.Address, "v1") };
        if (counter is not null) options.AddPolicy(counter, PipelinePosition.PerTry);
        return new(new ApiKeyCredential("none"), options);
    }

    ChatClient Chat => Client(_server).GetChatClient("finintent-8m");

    /// <summary>Any token may be drawn, so an answer is long.</summary>
    static ChatCompletionOptions Wild(int tokens)
    {
#pragma warning disable OPENAI001 // Seed is marked as one that may change
        return new() { Temperature = 3, Seed = 7, MaxOutputTokenCount = tokens };
#pragma warning restore OPENAI001
    }

    [Fact]
    public async Task It_chats_and_streams_the_same()
    {
        ChatCompletion whole = await Chat.CompleteChatAsync([new UserChatMessage(Question)], Wild(30), Stop);
        List<StreamingChatCompletionUpdate> updates =
            await Chat.CompleteChatStreamingAsync([new UserChatMessage(Question)], Wild(30), Stop).ToListAsync(Stop);

        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal(30, whole.Usage.OutputTokenCount);
        Assert.Equal("finintent-8m", whole.Model);
        Assert.Equal(whole.Content[0].Text, string.Concat(updates.SelectMany(u => u.ContentUpdate).Select(part => part.Text)));
        Assert.Equal(ChatFinishReason.Length, updates.Single(u => u.FinishReason is not null).FinishReason);
        Assert.Equal(30, updates.Single(u => u.Usage is not null).Usage.OutputTokenCount);
    }

    [Fact]
    public async Task It_reads_log_probabilities()
    {
        var options = Wild(20);
        (options.IncludeLogProbabilities, options.TopLogProbabilityCount) = (true, 4);

        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage(Question)], options, Stop);

        Assert.Equal(20, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token => Assert.Equal(4, token.TopLogProbabilities.Count));
        Assert.Equal(answer.Content[0].Text, System.Text.Encoding.UTF8.GetString(
            [.. answer.ContentTokenLogProbabilities.SelectMany(token => token.Utf8Bytes!.Value.ToArray())]).TrimStart());
    }

    [Fact]
    public async Task Its_json_schema_chooses()
    {
        ChatCompletionOptions options = new()
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("intent", BinaryData.FromString("""
                {"type": "object", "properties": {"intent": {"type": "string", "enum": ["买入", "卖出"]}}, "required": ["intent"],
                "additionalProperties": false}
                """), jsonSchemaIsStrict: true),
        };

        ChatCompletion answer = await Chat.CompleteChatAsync([new UserChatMessage(EmbeddedClassifier.Asked("茅台还能买吗"))], options, Stop);

        Assert.Contains(answer.Content[0].Text, (string[])["""{"intent":"买入"}""", """{"intent":"卖出"}"""]);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task It_tells_errors_with_their_words()
    {
        ChatCompletionOptions options = new() { Tools = { ChatTool.CreateFunctionTool("f") } };

        var tools = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat.CompleteChatAsync([new UserChatMessage("a")], options, Stop));
        var missing = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(_server).GetChatClient("nobody").CompleteChatAsync([new UserChatMessage("a")], cancellationToken: Stop));

        Assert.Equal(400, tools.Status);
        Assert.Contains("tools is not supported", tools.Message, StringComparison.Ordinal);
        Assert.Equal(404, missing.Status);
    }

    [Fact]
    public async Task It_lists_models()
    {
        OpenAIModelCollection models = await Client(_server).GetOpenAIModelClient().GetModelsAsync(Stop);

        Assert.Equal(("finintent-8m", "finintent"), (models.Single().Id, models.Single().OwnedBy));
    }

    [Fact]
    public async Task It_asks_again_while_the_server_is_full()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxQueueRows = 1 });
        Counter counter = new();
        var chat = Client(server, counter).GetChatClient("finintent-8m");
        var place = server.Host.Admission.Enter(1);

        var asked = chat.CompleteChatAsync([new UserChatMessage(Question)], Wild(2), Stop);
        while (counter.Sent < 2) await Task.Delay(10, Stop);
        place.Dispose();
        ChatCompletion answer = await asked;

        Assert.Equal(2, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task A_stream_that_it_aborts_ends_on_the_server()
    {
        await using var server = await RunningServer.StartAsync();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Client(server).GetChatClient("finintent-8m")
                .CompleteChatStreamingAsync([new UserChatMessage(Question)], Wild(900), gone.Token)) await gone.CancelAsync();
        });

        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (server.Host.Admission.Rows > 0 && patience.Elapsed < TimeSpan.FromSeconds(5)) await Task.Delay(10, Stop);
        Assert.Equal(0, server.Host.Admission.Rows);
    }
}
