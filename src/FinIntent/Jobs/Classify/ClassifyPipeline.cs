using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using FinIntent.Classification;
using FinIntent.Data.Rows;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Runtime;
using FinIntent.Text;

namespace FinIntent.Jobs.Classify;

/// <summary>Says how rows are classified.</summary>
/// <param name="TextColumn">The column with the texts.</param>
/// <param name="CacheBytes">The bound of the memory for answers of texts that were met.</param>
sealed record ClassifyOptions(LabelSet Set, string TextColumn, long CacheBytes);

/// <summary>Classifies rows as they come, in their order, in bounded memory, and a text that is met again only once.</summary>
/// <remarks>
/// Three threads: one reads rows, finds new texts and encodes them; the caller's, which loaded the model, scores them, batch by batch; one
/// takes the rows with their answers. Batches depend on the rows alone, so a run that begins again makes the same ones and finds their
/// answers in the log.
/// </remarks>
/// <param name="log">Answers of an earlier run, and the place for new ones; null means neither.</param>
sealed class ClassifyPipeline(ClassifierModel model, ClassifyOptions options, AnswerLog? log)
{
    // A batch that rows wait for is closed long before no more rows fit behind it. Rows that wait live long enough to become old to the
    // garbage collector, so that four times as many of them cost 70 MiB.
    const int MostRowsWaiting = 4096, MostRowsInBatch = 2048, MostBatchesWaiting = 4;

    readonly BlockingCollection<(SourceRow Row, TextAnswer Answer)> _rows = new(MostRowsWaiting);
    readonly BlockingCollection<TextBatch> _batches = new(MostBatchesWaiting);
    readonly AnswerCache _cache = new(options.CacheBytes, options.Set.Options.Count);
    readonly CancellationTokenSource _ended = new();
    TextBatch? _batch;
    UserErrorException? _unread;
    int _rowsOfBatch;

    /// <summary>How many texts the model read, or an earlier run's did.</summary>
    public long Scored { get; private set; }

    /// <summary>Says whether the source has no row at the moment; what was read is then answered without waiting for more.</summary>
    public Func<bool>? IsPausing { get; init; }

    /// <summary>Says whether no row is ready to be taken.</summary>
    public bool IsIdle => _rows.Count == 0;

    /// <summary>Classifies rows. Those before one that cannot be read are taken, too.</summary>
    /// <param name="rows">Begins to read; the reading ends with the token, also where something else than the reading fails.</param>
    /// <param name="take">It is given each row, in order, with its answer or the reason why it has none.</param>
    /// <exception cref="UserErrorException">The rows cannot be read, or the model cannot score.</exception>
    public void Run(
        Func<CancellationToken, IEnumerable<SourceRow>> rows, Action<SourceRow, IntentAnswer?, string?> take, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, _ended.Token);
        var reading = Start(() => Read(rows(ended.Token), ended.Token), "reading");
        var writing = Start(() => Write(take, ended.Token), "writing");
        Exception? problem = null;
        try
        {
            Score(ended.Token);
        }
        catch (Exception e)
        {
            problem = e;
            _ended.Cancel();
        }
        Task.WhenAll(reading, writing).ContinueWith(_ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        stop.ThrowIfCancellationRequested();
        Exception?[] problems = [problem, reading.Exception?.InnerException, writing.Exception?.InnerException, _unread];
        if (problems.FirstOrDefault(e => e is not (null or OperationCanceledException)) is { } first)
            ExceptionDispatchInfo.Throw(first);
    }

    void Write(Action<SourceRow, IntentAnswer?, string?> take, CancellationToken stop)
    {
        foreach (var (row, answer) in _rows.GetConsumingEnumerable(stop))
            take(row, answer.Error is null ? answer.Wait(stop) : null, answer.Error);
    }

    /// <summary>Runs a work on a thread of its own. When it fails, the others end.</summary>
    Task Start(Action work, string name)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
                _ended.Cancel();
            }
        })
        { IsBackground = true, Name = $"FinIntent {name}" }.Start();
        return done.Task;
    }

    void Read(IEnumerable<SourceRow> rows, CancellationToken stop)
    {
        try
        {
            foreach (var row in rows)
            {
                _rows.Add((row, AnswerOf(row, stop)), stop);
                if (++_rowsOfBatch >= MostRowsInBatch || IsPausing?.Invoke() == true) CloseBatch(stop);
            }
        }
        catch (UserErrorException e)
        {
            _unread = e;
        }
        CloseBatch(stop);
        _batches.CompleteAdding();
        _rows.CompleteAdding();
    }

    void CloseBatch(CancellationToken stop)
    {
        _rowsOfBatch = 0;
        if (_batch is null) return;
        _batches.Add(_batch, stop);
        _batch = null;
    }

    /// <summary>Finds what a row will be answered: a text that was met has its answer, or waits for it already.</summary>
    TextAnswer AnswerOf(SourceRow row, CancellationToken stop)
    {
        try
        {
            if (row.Word(options.TextColumn) is not { } text) return new($"column \"{options.TextColumn}\" is missing or null");
            var history = QuestionRow.History(row);
            var key = KeyOf(text.Trim(), history);
            if (_cache.Find(key) is { } known) return known;
            var ready = model.Encode(text, options.Set, history);
            var answer = (_batch ??= new(model.Scorer.Room())).TryAdd(key, ready);
            if (answer is null)
            {
                CloseBatch(stop);
                answer = (_batch = new(model.Scorer.Room())).TryAdd(key, ready)!;
            }
            _cache.Add(key, answer);
            return answer;
        }
        catch (UserErrorException e)
        {
            return new(e.Message);
        }
    }

    static UInt128 KeyOf(string text, IReadOnlyList<Message> history)
    {
        var hash = new XxHash128();
        foreach (var said in history.Select(m => m.Content).Append(text))
        {
            var length = said.Length; // any character may stand in a text, so none marks its end
            hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in length)));
            hash.Append(MemoryMarshal.AsBytes(said.AsSpan()));
        }
        return hash.GetCurrentHashAsUInt128();
    }

    void Score(CancellationToken stop)
    {
        var isPipelined = model.Chat.Model.Placement.Device.type == DeviceType.CUDA;
        (TextBatch Batch, ScoringPass? Pass)? running = null;
        try
        {
            foreach (var batch in _batches.GetConsumingEnumerable(stop))
            {
                if (log?.Next(batch.Digest) is { } known && known.Length == batch.Texts.Count)
                {
                    SetDone(batch, known);
                    continue;
                }
                var pass = Begin(batch);
                if (running is { } before) Finish(before);
                running = (batch, pass);
                if (isPipelined && _batches.Count > 0) continue;
                Finish((batch, pass));
                running = null;
            }
            if (running is { } last) Finish(last);
        }
        finally
        {
            running?.Pass?.Dispose();
        }
    }

    ScoringPass? Begin(TextBatch batch)
    {
        try
        {
            return model.Scorer.Begin(Questions(batch));
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            return null;
        }
    }

    void Finish((TextBatch Batch, ScoringPass? Pass) running)
    {
        var readings = model.Scorer.Finish(running.Pass, Questions(running.Batch));
        IntentAnswer[] answers = [.. running.Batch.Texts.Zip(readings, (text, reading) => model.AnswerOf(text.Text, reading))];
        log?.Append(running.Batch.Digest, answers);
        SetDone(running.Batch, answers);
    }

    void SetDone(TextBatch batch, IntentAnswer[] answers)
    {
        Scored += answers.Length;
        batch.SetDone(answers);
    }

    static OptionQuestion[] Questions(TextBatch batch) => [.. batch.Texts.Select(text => text.Text.Question)];
}
