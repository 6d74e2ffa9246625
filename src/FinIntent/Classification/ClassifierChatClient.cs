using System.Runtime.CompilerServices;
using FinIntent.Generation;
using Microsoft.Extensions.AI;

namespace FinIntent.Classification;

/// <summary>Is a classifier's model as one of Microsoft.Extensions.AI's chat clients.</summary>
/// <remarks>
/// Each token of an answer is a work of its own in the queue, so that forwards and other answers have their turns between them. The reader
/// of a stream sets its pace: a token is made when the text before it has been taken, so nothing piles up.
/// </remarks>
sealed class ClassifierChatClient(IntentClassifier classifier, ChatModel chat, ScoringQueue queue) : IChatClient
{
    readonly ChatClientMetadata _metadata = new("finintent", defaultModelId: classifier.Name);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken).ConfigureAwait(false);

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Stream(messages, options, cancellationToken);
    }

    async IAsyncEnumerable<ChatResponseUpdate> Stream(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var request = ChatRequest.Of(messages, options, classifier.Name);
        var (id, time) = (Guid.NewGuid().ToString("N"), DateTimeOffset.UtcNow);
        var answer = new AnswerRun(chat, request.Conversation, request.Seed, request.Options);
        var step = Task.FromResult(AnswerPiece.Nothing);
        try
        {
            while (answer.End is null)
            {
                step = queue.Run(() => stop.IsCancellationRequested ? AnswerPiece.Nothing : answer.Step(), CancellationToken.None);
                var (piece, _) = await step.WaitAsync(stop).ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
                if (piece.Length > 0) yield return Update(new TextContent(piece));
            }
            var last = Update(new UsageContent(UsageOf(answer)));
            last.FinishReason = answer.End == AnswerEnd.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;
            yield return last;
        }
        finally
        {
            // A step that was given up may yet be running, or wait for its turn.
            if (step.IsCompleted) answer.Dispose();
            else _ = step.ContinueWith(_ => answer.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = classifier.Name,
            CreatedAt = time,
        };
    }

    static UsageDetails UsageOf(AnswerRun answer) => new()
    {
        InputTokenCount = answer.PromptTokens,
        OutputTokenCount = answer.Tokens,
        TotalTokenCount = answer.PromptTokens + answer.Tokens,
    };

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(IntentClassifier)) return classifier;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the model is the classifier's.</summary>
    public void Dispose() { }
}
