using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using FinIntent.Classification;
using FinIntent.Hub;
using FinIntent.Intents;
using FinIntent.Runtime;
using FinIntent.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace FinIntent;

/// <summary>
/// Tells which intent a text has. It is a model that is loaded once and asked from any number of threads: calls that wait at the same
/// time share forwards. One forward a text gives the probability of every intent; nothing is generated.
/// </summary>
/// <remarks>
/// On a CPU with one or two threads a text's result is the same to the last bit whatever other texts are asked with it, and equal to that
/// of `finintent eval`. With more threads, or on a GPU, its last digits may depend on them. Disposing frees the model's memory; calls that
/// still wait then fail.
/// </remarks>
/// <example><code>
/// await using var classifier = await IntentClassifier.LoadAsync("demo_output/model");
/// IntentResult result = await classifier.ClassifyAsync("茅台还能买吗");
/// Console.WriteLine($"{result.Intent} {result.Probability:P1}");
/// </code></example>
public sealed class IntentClassifier : IAsyncDisposable, IDisposable
{
    const int MostInFlight = 4096;

    readonly ClassifierModel _model;
    readonly ScoringQueue _queue;
    readonly ClassifierTelemetry _telemetry;
    readonly Lock _disposing = new();
    bool _isDisposed;

    internal IntentClassifier(ClassifierModel model, string name, int queueCapacity, ClassifierTelemetry? telemetry = null,
        TimeSpan patience = default)
    {
        (_model, Name, _telemetry) = (model, name, telemetry ?? new(name));
        _queue = new(model.Scorer, model.Chat.Model.Placement.Device, queueCapacity)
        {
            OnForward = _telemetry.Forward,
            OnFailure = _telemetry.Failure,
            Patience = patience,
        };
        _telemetry.QueueLength = () => _queue.Length;
        IntentSets = [.. model.Sets.Select(set => new IntentSet(set.Name, [.. set.Options.Select(o => o.Name)]))];
    }

    /// <summary>The model's name: the folder or hub's name that it was loaded by.</summary>
    public string Name { get; }

    /// <summary>The intents that the model tells apart. Calls that name no set use the options' set, else the first.</summary>
    public IReadOnlyList<IntentSet> IntentSets { get; }

    /// <summary>Loads a model, which takes from a second to minutes. Intents, template and calibration are found beside it.</summary>
    /// <param name="model">The folder of a model or of an adapter, or owner/name on a hub (fetched once, then kept).</param>
    /// <param name="options">What is not found beside the model. Null means that all is.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <exception cref="UserErrorException">Something is missing or does not fit; the message says what to do.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<IntentClassifier> LoadAsync(
        string model, IntentClassifierOptions? options = null, CancellationToken cancellationToken = default) =>
        LoadAsync(model, options, null, null, cancellationToken);

    /// <summary>Loads a model that writes logs, and tells its metrics to a container's listeners.</summary>
    /// <param name="model">The folder of a model or of an adapter, or owner/name on a hub (fetched once, then kept).</param>
    /// <param name="options">What is not found beside the model. Null means that all is.</param>
    /// <param name="loggerFactory">Makes the logger, of the category FinIntent.IntentClassifier. Null means that none is written.</param>
    /// <param name="meterFactory">Makes the meter, FinIntent. Null means that one is made without.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <exception cref="UserErrorException">Something is missing or does not fit; the message says what to do.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example><code>
    /// using var loggers = LoggerFactory.Create(logging => logging.AddConsole());
    /// await using var classifier = await IntentClassifier.LoadAsync("demo_output/model", null, loggers);
    /// </code></example>
    public static async Task<IntentClassifier> LoadAsync(string model, IntentClassifierOptions? options, ILoggerFactory? loggerFactory,
        IMeterFactory? meterFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        if (options?.Model is { } other && other != model)
            throw new UserErrorException($"the model to load is \"{model}\" and the options name \"{other}\"; name one");
        options = options is null ? new() : options with { }; // as it is now, whatever becomes of it while the model loads
        cancellationToken.ThrowIfCancellationRequested();
        return await OnOneThread(() => Load(model, options, new(options.Adapter ?? model, loggerFactory, meterFactory)
        {
            EnableSensitiveData = options.EnableSensitiveData,
        }, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Loads on a thread of its own, which then computes for the classifier until that is disposed.</summary>
    internal static Task<IntentClassifier> OnOneThread(Func<IntentClassifier> load)
    {
        TaskCompletionSource<IntentClassifier> loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            IntentClassifier classifier;
            try
            {
                classifier = load();
            }
            catch (OperationCanceledException e)
            {
                loaded.SetCanceled(e.CancellationToken);
                return;
            }
            catch (Exception e)
            {
                loaded.SetException(e);
                return;
            }
            loaded.SetResult(classifier);
            classifier._queue.Serve();
        })
        { IsBackground = true, Name = "FinIntent scoring" }.Start();
        return loaded.Task;
    }

    static IntentClassifier Load(string model, IntentClassifierOptions options, ClassifierTelemetry telemetry, CancellationToken stop) =>
        telemetry.OrDispose(() =>
        {
            var start = telemetry.Loading();
            HubFolders hub = new(new Lazy<HubChoice>(HubChoice.FromEnvironment), new(_ => { }));
            var source = ClassifierSource.Find(model, options, hub, stop);
            stop.ThrowIfCancellationRequested();
            var loaded = ClassifierModel.Load(source, Devices.Named(options.Device));
            return loaded.OrDispose(() =>
            {
                stop.ThrowIfCancellationRequested();
                telemetry.Loaded(loaded, start);
                return new IntentClassifier(loaded, telemetry.Model, options.QueueCapacity, telemetry);
            });
        });

    /// <summary>Classifies a text, perhaps one that follows earlier turns of a conversation.</summary>
    /// <param name="text">What the user says. White space around it does not count.</param>
    /// <param name="history">The turns before it, the oldest first. Null means none.</param>
    /// <param name="intentSet">The name of one of <see cref="IntentSets"/>. Null means the options' set, else the first.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UserErrorException">The text is empty, no valid Unicode, or too long for the model; the history lacks
    /// something; or there is no such set.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<IntentResult> ClassifyAsync(string text, IReadOnlyList<ChatTurn>? history = null, string? intentSet = null,
        CancellationToken cancellationToken = default) => _telemetry.IsWatched
            ? Watched(text, history, intentSet, cancellationToken)
            : Classify(text, history, intentSet, cancellationToken);

    Task<IntentResult> Watched(
        string text, IReadOnlyList<ChatTurn>? history, string? intentSet, CancellationToken cancellationToken) =>
        _telemetry.Watch(text, intentSet is null ? _model.Set(null).Name : IntentSets.FirstOrDefault(set => set.Name == intentSet)?.Name,
            () => Classify(text, history, intentSet, cancellationToken));

    async Task<IntentResult> Classify(
        string text, IReadOnlyList<ChatTurn>? history, string? intentSet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        var set = _model.Set(intentSet);
        var ready = _model.Encode(text, set, history is null ? null : MessagesOf(history));
        var reading = await _queue.Read(ready.Question, cancellationToken).ConfigureAwait(false);
        return _model.AnswerOf(ready, reading).ResultIn(set);
    }

    /// <summary>Classifies texts, and returns their results in the same order.</summary>
    /// <param name="texts">The texts. Equal ones cost a forward each; `finintent classify` scores them once.</param>
    /// <param name="intentSet">As for a single text.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UserErrorException">A text cannot be classified; the message tells the first one's number.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<IntentResult>> ClassifyAsync(
        IReadOnlyList<string> texts, string? intentSet = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        List<IntentResult> results = new(texts.Count);
        await foreach (var result in ClassifyAsync(texts.ToAsyncEnumerable(), intentSet, cancellationToken).ConfigureAwait(false))
            results.Add(result);
        return results;
    }

    /// <summary>Classifies texts as they come, and returns each result, in order, as soon as it is there. Memory is bounded.</summary>
    /// <param name="texts">The texts. At most 4,096 are taken before their results are.</param>
    /// <param name="intentSet">As for a single text.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UserErrorException">A text cannot be classified; the message tells its number. Results before it have
    /// come.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<IntentResult> ClassifyAsync(IAsyncEnumerable<string> texts, string? intentSet = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Queue<Task<IntentResult>> running = [];
        var source = texts.GetAsyncEnumerator(ended.Token);
        var next = source.MoveNextAsync().AsTask();
        try
        {
            var number = 0;
            while (true)
            {
                // A source may pause, and what was asked before is not to wait for what comes after.
                while (running.Count > 0 && (running.Count >= MostInFlight || await IsFirst(running.Peek(), next).ConfigureAwait(false)))
                    yield return await running.Dequeue().ConfigureAwait(false);
                if (!await next.ConfigureAwait(false)) break;
                running.Enqueue(Numbered(source.Current, ++number, intentSet, ended.Token));
                next = source.MoveNextAsync().AsTask();
            }
            while (running.Count > 0) yield return await running.Dequeue().ConfigureAwait(false);
        }
        finally
        {
            // Whoever leaves early has no more interest in what runs, nor in its errors.
            await ended.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll([next, .. running]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    static async ValueTask<bool> IsFirst(Task result, Task next) =>
        result.IsCompleted || (!next.IsCompleted && await Task.WhenAny(result, next).ConfigureAwait(false) == result);

    async Task<IntentResult> Numbered(string text, int number, string? intentSet, CancellationToken stop)
    {
        try
        {
            return await ClassifyAsync(text, null, intentSet, stop).ConfigureAwait(false);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"text {number}: {e.Message}", e);
        }
    }

    /// <summary>Talks to the model: answers in words, as any other of Microsoft.Extensions.AI's chat clients gives them.</summary>
    /// <remarks>
    /// The model is shared: between two tokens of an answer, texts that wait are classified. Any number of clients and calls may be used at
    /// once. Disposing the client leaves the classifier as it is. Without Temperature, TopP and TopK tokens are drawn as `finintent
    /// inference` draws them (0.95, 0.7, 50); a Temperature of 0 always takes the most probable one. Without MaxOutputTokens an answer has
    /// at most 1,024 tokens. Tools, images, JSON as response format and penalties are refused with a <see cref="UserErrorException"/>.
    /// </remarks>
    /// <returns>A client that answers until the classifier is disposed.</returns>
    /// <example><code>
    /// IChatClient chat = classifier.AsChatClient();
    /// await foreach (var update in chat.GetStreamingResponseAsync("什么是基金定投？", new() { Seed = 7 })) Console.Write(update);
    /// </code></example>
    public IChatClient AsChatClient() => new ClassifierChatClient(this, _model.Chat, _queue);

    /// <summary>The loaded model; its forwards belong to the queue's thread.</summary>
    internal ClassifierModel Model => _model;

    /// <summary>The thread that computes.</summary>
    internal ScoringQueue Queue => _queue;

    /// <summary>The tokens that the model reads for a text.</summary>
    internal int TokensOf(string text) => _model.Encode(text, _model.Sets[0]).Tokens;

    static IReadOnlyList<Message> MessagesOf(IReadOnlyList<ChatTurn> history)
    {
        List<Message> messages = [];
        foreach (var turn in history)
        {
            // From JSON they may be null, whatever the types say.
            if (turn is not { User: not null, Assistant: not null })
                throw new UserErrorException($"the history's turn {messages.Count / 2 + 1} lacks User or Assistant; a turn has both");
            messages.AddRange([new("user", turn.User), new("assistant", turn.Assistant)]);
        }
        return messages;
    }

    /// <summary>Ends the forward that runs, and frees the model's memory. Calls that wait fail. It may be called twice.</summary>
    public void Dispose()
    {
        lock (_disposing)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _queue.Dispose();
            var device = _model.Chat.Model.Placement.Device;
            _model.Dispose();
            DeviceMemory.Trim(device);
            _telemetry.Dispose();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A task that ends when the memory is free.</returns>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));
}
