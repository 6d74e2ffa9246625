using System.ClientModel;
using FinIntent.Tests.Classification;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using OpenAI;
using Xunit;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace FinIntent.Tests.Server.Clients;

/// <summary>Microsoft.Extensions.AI over the OpenAI package, and OllamaSharp.</summary>
[Collection(ServerCollection.Name)]
public sealed class ChatClientPackagesTests(ServerFixture fixture)
{
    const string Question = "什么是基金定投？";

    readonly RunningServer _server = fixture.Running;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    enum Deal { Buy, Sell }

    IChatClient OpenAI() => new OpenAIClient(new ApiKeyCredential("none"), new() { Endpoint = new(_server.Server.Address, "v1") })
        .GetChatClient("finintent-8m").AsIChatClient();

    static ChatOptions Wild(int tokens) => new() { Temperature = 3, Seed = 7, MaxOutputTokens = tokens };

    OllamaApiClient Ollama() => new(_server.Server.Address, "finintent-8m");

    [Fact]
    public async Task Extensions_AI_chats_and_streams_the_same()
    {
        using var chat = OpenAI();

        var whole = await chat.GetResponseAsync(Question, Wild(30), Stop);
        var updates = await chat.GetStreamingResponseAsync(Question, Wild(30), Stop).ToListAsync(Stop);

        Assert.Equal(whole.Text, updates.ToChatResponse().Text);
        Assert.Equal((30, ChatFinishReason.Length), (whole.Usage!.OutputTokenCount, whole.FinishReason));
        Assert.Equal(whole.Usage.TotalTokenCount, updates.ToChatResponse().Usage!.TotalTokenCount);
        Assert.True(updates.Count > 5);
    }

    /// <summary>It asks for a schema that it makes of the type: an object with one property, the enum.</summary>
    [Fact]
    public async Task Extensions_AI_reads_an_enum_out_of_the_answer()
    {
        using var chat = OpenAI();

        var answer = await chat.GetResponseAsync<Deal>(EmbeddedClassifier.Asked("茅台还能买吗"), cancellationToken: Stop);

        Assert.True(Enum.IsDefined(answer.Result), answer.Text);
    }

    [Fact]
    public async Task OllamaSharp_chats_and_streams_the_same()
    {
        using var ollama = Ollama();
        ChatRequest Request(bool isStreamed) => new()
        {
            Model = "finintent-8m",
            Messages = [new(OllamaSharp.Models.Chat.ChatRole.User, Question)],
            Options = new RequestOptions { Temperature = 3, TopK = 0, TopP = 1, Seed = 7, NumPredict = 20 },
            Stream = isStreamed,
        };

        var lines = await ollama.ChatAsync(Request(true), Stop).ToListAsync(Stop);
        var whole = Assert.Single(await ollama.ChatAsync(Request(false), Stop).ToListAsync(Stop));

        Assert.True(lines.Count > 5);
        Assert.Equal(whole!.Message.Content, string.Concat(lines.Select(line => line!.Message.Content)));
        Assert.Equal(20, Assert.IsType<ChatDoneResponseStream>(lines[^1]).EvalCount);
        Assert.True(whole.Done);
    }

    [Fact]
    public async Task OllamaSharp_chooses_lists_and_tells_errors()
    {
        using var ollama = Ollama();
        var format = System.Text.Json.JsonDocument.Parse("""{"type": "string", "enum": ["买入", "卖出"]}""").RootElement;
        ChatRequest Request(string model) => new()
        {
            Model = model,
            Messages = [new(OllamaSharp.Models.Chat.ChatRole.User, EmbeddedClassifier.Asked("茅台还能买吗"))],
            Format = format,
            Stream = false,
        };

        var answer = Assert.Single(await ollama.ChatAsync(Request("finintent-8m"), Stop).ToListAsync(Stop));
        var models = await ollama.ListLocalModelsAsync(Stop);
        var shown = await ollama.ShowModelAsync("finintent-8m", Stop);
        var error = await Assert.ThrowsAnyAsync<Exception>(async () => await ollama.ChatAsync(Request("nobody"), Stop).ToListAsync(Stop));

        Assert.Contains(answer!.Message.Content, (string[])["\"买入\"", "\"卖出\""]);
        Assert.Equal("finintent-8m", Assert.Single(models).Name);
        Assert.NotNull(shown.Details);
        Assert.True(await ollama.IsRunningAsync(Stop));
        Assert.NotEmpty(await ollama.GetVersionAsync(Stop));
        Assert.Contains("404", error.Message, StringComparison.Ordinal);
    }

    /// <summary>It is a chat client of Microsoft.Extensions.AI, too.</summary>
    [Fact]
    public async Task OllamaSharp_is_a_chat_client()
    {
        using IChatClient chat = Ollama();

        var answer = await chat.GetResponseAsync([new(ChatRole.System, "s"), new(ChatRole.User, Question)], Wild(3), Stop);

        Assert.Equal((3, ChatFinishReason.Length), (answer.Usage!.OutputTokenCount, answer.FinishReason));
    }
}
