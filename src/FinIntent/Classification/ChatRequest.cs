using FinIntent.Generation;
using FinIntent.Text;
using Microsoft.Extensions.AI;

namespace FinIntent.Classification;

/// <summary>Is what a chat client is asked, as the model takes it. What the model cannot do is refused, not left out.</summary>
sealed record ChatRequest(Conversation Conversation, AnswerOptions Options, long Seed)
{
    const int DefaultMaxTokens = 1024;

    /// <param name="model">The model's name.</param>
    /// <exception cref="UserErrorException">The model cannot do what is asked.</exception>
    public static ChatRequest Of(IEnumerable<ChatMessage> messages, ChatOptions? options, string model)
    {
        options ??= new();
        Check(options, model);
        return new(ConversationOf(messages, options.Instructions), AnswersOf(options), options.Seed ?? Random.Shared.NextInt64());
    }

    static void Check(ChatOptions options, string model)
    {
        Refuse(options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode,
            "Tools: the model calls none; leave them out, or set ToolMode to None");
        Refuse(options.ResponseFormat is ChatResponseFormatJson,
            "ResponseFormat: the model is not held to JSON; leave it out and ask for JSON in words");
        Refuse(options.FrequencyPenalty is not (null or 0), "FrequencyPenalty is not supported; leave it out");
        Refuse(options.PresencePenalty is not (null or 0), "PresencePenalty is not supported; leave it out");
        Refuse(options.Reasoning?.Effort is not (null or ReasoningEffort.None),
            "Reasoning: how long the model thinks is the training's choice; leave it out");
        Refuse(options.ConversationId is not null, "ConversationId: no conversation is kept; give all messages with each call");
        Refuse(options.AllowBackgroundResponses == true || options.ContinuationToken is not null,
            "AllowBackgroundResponses: an answer is not kept; await it");
        Refuse(options.ModelId is { } asked && asked != model, $"ModelId is \"{options.ModelId}\"; this is \"{model}\": leave it out");
    }

    static AnswerOptions AnswersOf(ChatOptions options)
    {
        var defaults = new SamplingOptions();
        var temperature = options.Temperature ?? defaults.Temperature;
        var (topP, topK, tokens) = (options.TopP ?? defaults.TopP, options.TopK ?? defaults.TopK, options.MaxOutputTokens);
        Refuse(!(temperature >= 0 && double.IsFinite(temperature)), $"Temperature is {temperature}; it must be 0 or more");
        Refuse(!(topP is > 0 and <= 1), $"TopP is {topP}; it must be above 0 and at most 1");
        Refuse(topK < 0, $"TopK is {topK}; it must be 1 or more, or 0 for all tokens");
        Refuse(tokens < 1, $"MaxOutputTokens is {tokens}; it must be 1 or more");
        var sampling = temperature == 0 ? SamplingOptions.Greedy : new(Temperature: temperature, TopK: topK, TopP: topP);
        return new(sampling, tokens ?? DefaultMaxTokens) { StopWords = [.. options.StopSequences?.Where(word => word.Length > 0) ?? []] };
    }

    /// <summary>Returns a system text and messages in turn: messages without text are left out, and those of one role that follow each
    /// other become one, a blank line between them.</summary>
    /// <exception cref="UserErrorException">They are no conversation, or not of text alone.</exception>
    public static Conversation ConversationOf(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<string> system = string.IsNullOrEmpty(instructions) ? [] : [instructions];
        List<Message> turns = [];
        foreach (var (i, message) in messages.Index())
        {
            var text = TextOf(message, i + 1);
            if (text.Length == 0) continue;
            if (message.Role == ChatRole.System)
            {
                Refuse(turns.Count > 0, $"message {i + 1} is the system's after others; the model reads that before all others only");
                system.Add(text);
                continue;
            }
            Refuse(message.Role != ChatRole.User && message.Role != ChatRole.Assistant,
                $"message {i + 1} has the role {message.Role}; the model knows system, user and assistant");
            Refuse(turns.Count == 0 && message.Role != ChatRole.User, $"message {i + 1} is the assistant's; a user's must come first");
            if (turns.Count == 0 || turns[^1].Role != message.Role.Value) turns.Add(new(message.Role.Value, text));
            else turns[^1] = turns[^1] with { Content = Join([turns[^1].Content, text]) };
        }
        Refuse(turns.Count == 0, "no user's message has a text; there is nothing to answer");
        Refuse(turns.Count % 2 == 0, "the last message is the assistant's; a user's must be last");
        return new(system.Count == 0 ? null : Join(system), turns);
    }

    static string Join(IEnumerable<string> texts) => string.Join("\n\n", texts);

    static string TextOf(ChatMessage message, int number)
    {
        foreach (var content in message.Contents)
            Refuse(content is not (TextContent or TextReasoningContent or UsageContent),
                $"message {number} holds a {content.GetType().Name}; the model reads text only");
        Refuse(!TaughtIntents.IsUnicode(message.Text, out var at), $"message {number} {TaughtIntents.NotUnicode(at)}");
        return message.Text;
    }

    static void Refuse(bool isWrong, string problem)
    {
        if (isWrong) throw new UserErrorException(problem);
    }
}
