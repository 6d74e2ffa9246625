using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Xunit;

namespace FinIntent.Tests.Classification;

/// <summary>The chat client in Microsoft.Extensions.AI's own pipeline, as its users put clients together and its integration tests
/// (dotnet/extensions, ChatClientIntegrationTests) ask for.</summary>
public sealed class ChatPipelineTests(EmbeddedClassifier embedded) : IClassFixture<EmbeddedClassifier>
{
    const string Question = "什么是基金定投？";

    static readonly ChatOptions Options = new() { Seed = 7, Temperature = 3, TopP = 1, TopK = 0, MaxOutputTokens = 12 };

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    sealed class Counted(IChatClient inner) : DelegatingChatClient(inner)
    {
        public int Calls { get; private set; }

        public override Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls++;
            return base.GetResponseAsync(messages, options, cancellationToken);
        }

        public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls++;
            return base.GetStreamingResponseAsync(messages, options, cancellationToken);
        }
    }

    [Fact]
    public async Task The_whole_pipeline_gives_the_answers_of_the_client()
    {
        using var log = new CollectedLog();
        using var chat = new ChatClientBuilder(embedded.Classifier.AsChatClient())
            .ConfigureOptions(options => options.Seed ??= 7)
            .UseFunctionInvocation(log)
            .UseLogging(log)
            .UseOpenTelemetry(log)
            .Build();
        var bare = await embedded.Classifier.AsChatClient().GetResponseAsync(Question, Options, Stop);

        var whole = await chat.GetResponseAsync(Question, Options, Stop);
        var streamed = await chat.GetStreamingResponseAsync(Question, Options, Stop).ToChatResponseAsync(Stop);

        foreach (var answer in (ChatResponse[])[whole, streamed])
        {
            Assert.Equal((bare.Text, bare.FinishReason), (answer.Text, answer.FinishReason));
            Assert.Equal(bare.Usage!.TotalTokenCount, answer.Usage!.TotalTokenCount);
        }
        Assert.Contains(log.Lines, line => line.Contains("GetResponseAsync completed", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Contains("GetStreamingResponseAsync completed", StringComparison.Ordinal));
        Assert.Same(embedded.Classifier, chat.GetService<IntentClassifier>());
    }

    [Fact]
    public async Task A_cache_keeps_answers_whole_and_streamed()
    {
        using var inner = new Counted(embedded.Classifier.AsChatClient());
        var cache = new MemoryDistributedCache(Microsoft.Extensions.Options.Options.Create(new MemoryDistributedCacheOptions()));
        using var chat = inner.AsBuilder().UseDistributedCache(cache).Build();

        var whole = await chat.GetResponseAsync(Question, Options, Stop);
        var again = await chat.GetResponseAsync(Question, Options, Stop);
        var streamed = await chat.GetStreamingResponseAsync(Question, Options, Stop).ToChatResponseAsync(Stop);
        var streamedAgain = await chat.GetStreamingResponseAsync(Question, Options, Stop).ToChatResponseAsync(Stop);

        Assert.InRange(inner.Calls, 1, 2);
        Assert.Equal(whole.ResponseId, again.ResponseId);
        foreach (var answer in (ChatResponse[])[again, streamed, streamedAgain])
        {
            Assert.Equal((whole.Text, whole.FinishReason, whole.ModelId), (answer.Text, answer.FinishReason, answer.ModelId));
            Assert.Equal(whole.Usage!.OutputTokenCount, answer.Usage!.OutputTokenCount);
        }
    }

    [Fact]
    public async Task Traces_hold_model_usage_and_the_reason_of_the_end()
    {
        var source = Guid.NewGuid().ToString("N");
        ConcurrentQueue<Activity> activities = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == source,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var chat = embedded.Classifier.AsChatClient().AsBuilder().UseOpenTelemetry(sourceName: source).Build();

        var whole = await chat.GetResponseAsync(Question, Options, Stop);
        await chat.GetStreamingResponseAsync(Question, Options, Stop).ToListAsync(Stop);

        Assert.Equal(2, activities.Count);
        Assert.All(activities, activity =>
        {
            Assert.Equal("finintent", activity.GetTagItem("gen_ai.provider.name"));
            Assert.Equal(embedded.Classifier.Name, activity.GetTagItem("gen_ai.request.model"));
            Assert.Equal(embedded.Classifier.Name, activity.GetTagItem("gen_ai.response.model"));
            Assert.Equal("[\"length\"]", activity.GetTagItem("gen_ai.response.finish_reasons"));
            Assert.Equal((int)whole.Usage!.InputTokenCount!, activity.GetTagItem("gen_ai.usage.input_tokens"));
            Assert.Equal((int)whole.Usage!.OutputTokenCount!, activity.GetTagItem("gen_ai.usage.output_tokens"));
        });
    }

    [Fact]
    public async Task A_history_grows_by_the_answers_and_is_asked_again()
    {
        var chat = embedded.Classifier.AsChatClient();
        List<ChatMessage> history = [new(ChatRole.System, "你是客服"), new(ChatRole.User, Question)];

        var first = await chat.GetResponseAsync(history, Options, Stop);
        history.AddMessages(first);
        history.Add(new(ChatRole.User, "再说一遍"));
        await history.AddMessagesAsync(chat.GetStreamingResponseAsync(history, Options, Stop), cancellationToken: Stop);
        history.Add(new(ChatRole.User, "谢谢"));
        var last = await chat.GetResponseAsync(history, Options, Stop);

        Assert.Equal(6, history.Count);
        Assert.True(last.Usage!.InputTokenCount > first.Usage!.InputTokenCount + first.Usage.OutputTokenCount);
    }
}
