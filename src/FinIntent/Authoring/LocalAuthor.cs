using FinIntent.ApiModels;
using FinIntent.Generation;

namespace FinIntent.Authoring;

/// <summary>A local model as an author: it is loaded when it is first asked, takes one request at a time and costs nothing.</summary>
/// <param name="load">Loads the model, which stays its owner's.</param>
sealed class LocalAuthor(string name, Func<ChatModel> load, AnswerOptions options, int seed, TimeProvider time) : IDisposable
{
    readonly SemaphoreSlim _one = new(1);
    ChatModel? _model;

    public Author Author => new(name, options.MaxNewTokens, TokenPrice.Free, 1, Ask);

    async Task<ApiAnswer> Ask(AuthorRequest request, Action<ApiFailure> onRetry, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            return await Task.Run(() => Answer(request, stop), stop);
        }
        finally
        {
            _one.Release();
        }
    }

    ApiAnswer Answer(AuthorRequest request, CancellationToken stop)
    {
        var model = _model ??= load();
        var start = time.GetTimestamp();
        var prompt = model.Template.EncodePrompt(request.Conversation).Length;
        var (text, end) = model.Write([request.Conversation], [request.Seed(seed)], options, (_, _) => !stop.IsCancellationRequested)[0];
        stop.ThrowIfCancellationRequested();
        // The text of broken characters has more tokens than were drawn.
        var written = Math.Min(model.Tokenizer.Encode(text).Length, options.MaxNewTokens);
        return new(text, end == AnswerEnd.Length ? FinishWord.Length : null, prompt, written, time.GetElapsedTime(start));
    }

    public void Dispose() => _one.Dispose();
}
