using System.Threading.Channels;
using FinIntent.Generation;
using FinIntent.Runtime;

namespace FinIntent.Classification;

/// <summary>A question's reading, and how long it waited for its forward and that ran.</summary>
sealed record ScoredQuestion(OptionReading Reading, TimeSpan Queued, TimeSpan Computed);

/// <summary>Scores questions of many callers on one thread, as many in a forward as wait and fit. Any thread may call it.</summary>
/// <remarks>
/// Nothing waits for company: a forward takes what is there, and what comes meanwhile goes into the next. On a GPU the host begins a
/// forward before it reads the last one's results, so the device never waits for it.
/// </remarks>
sealed class ScoringQueue : IDisposable
{
    /// <summary>Is something that waits for the thread: a question, or a work that needs the model for itself.</summary>
    sealed record Waiting(CancellationToken Stop)
    {
        public OptionQuestion? Question { get; init; }
        public TaskCompletionSource<ScoredQuestion> Reading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>When it came, by the clock of <see cref="Stopwatch"/>.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        /// <summary>It is called with null when it is its turn, or else with what keeps it from ever being done.</summary>
        public Action<Exception?>? Work { get; init; }

        public void Fail(Exception e)
        {
            Reading.TrySetException(e);
            _ = Reading.Task.Exception; // seen: a caller who no longer waits is not to raise TaskScheduler.UnobservedTaskException
            Work?.Invoke(e);
        }
    }

    /// <summary>So many questions fill a forward well enough not to wait for more.</summary>
    const int Company = 64;

    /// <summary>A forward of fewer tokens is not halved for want of memory: something else takes it.</summary>
    const int FewestTokens = 512;

    readonly OptionScorer _scorer;
    readonly Device _device;
    readonly Channel<Waiting> _waiting;
    readonly ManualResetEventSlim _ended = new();
    volatile bool _isClosed;
    int _room;

    public ScoringQueue(OptionScorer scorer, Device device, int capacity)
    {
        (_scorer, _device, _room, IsPipelined) = (scorer, device, scorer.MaxTokens, device.type == DeviceType.CUDA);
        _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>The questions that wait for a forward.</summary>
    public int Length => _waiting.Reader.Count;

    /// <summary>How long a question that came alone waits for others to share its forward; nothing by default.</summary>
    public TimeSpan Patience { get; init; }

    /// <summary>Says that a forward is begun before the results of the last one are read: on a GPU, which works on meanwhile.</summary>
    public bool IsPipelined { get; init; }

    /// <summary>It is called with the questions of each forward and its tokens.</summary>
    public Action<int, int>? OnForward { get; set; }

    /// <summary>It is called with a forward's error and the number of its questions.</summary>
    public Action<Exception, int>? OnFailure { get; set; }

    /// <summary>Scores a question; while the queue is full, the task waits for room.</summary>
    /// <exception cref="UserErrorException">The question is too long for the model.</exception>
    public async Task<OptionReading> Read(OptionQuestion question, CancellationToken stop) =>
        (await Score(question, stop).ConfigureAwait(false)).Reading;

    /// <inheritdoc cref="Read"/>
    public async Task<ScoredQuestion> Score(OptionQuestion question, CancellationToken stop)
    {
        _scorer.Check(question);
        var waiting = new Waiting(stop) { Question = question };
        await Write(waiting, stop).ConfigureAwait(false);
        return await waiting.Reading.Task.WaitAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Does a work on the thread, between forwards.</summary>
    public async Task<T> Run<T>(Func<T> work, CancellationToken stop)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await Write(new Waiting(stop) { Work = Do }, stop).ConfigureAwait(false);
        return await done.Task.WaitAsync(stop).ConfigureAwait(false);

        void Do(Exception? problem)
        {
            try
            {
                if (problem is null) done.TrySetResult(work());
                else done.TrySetException(problem);
            }
            catch (Exception e)
            {
                done.TrySetException(Told(e));
            }
            _ = done.Task.Exception;
        }
    }

    async ValueTask Write(Waiting waiting, CancellationToken stop)
    {
        try
        {
            await _waiting.Writer.WriteAsync(waiting, stop).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw Disposed();
        }
    }

    static ObjectDisposedException Disposed() => new(nameof(IntentClassifier));

    /// <summary>Scores what comes, on the calling thread, until the queue is disposed.</summary>
    /// <remarks>It is best the thread that loaded the model. OpenMP keeps workers for each thread that ever computed, and once these are
    /// more than the cores it waits for them in the slow way: a sixth of a small model's speed (docs/log.md).</remarks>
    public void Serve()
    {
        try
        {
            ServeAll();
        }
        finally
        {
            _ended.Set();
        }
    }

    void ServeAll()
    {
        Forward? running = null;
        while (running is not null || _waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var next = Begin(Take(isRunning: running is not null));
            if (running is not null) Finish(running);
            running = next;
            if (running is null || (IsPipelined && _waiting.Reader.Count > 0)) continue;
            Finish(running);
            running = null;
        }
    }

    /// <param name="Pass">Null means that the device had no room for all its questions at once.</param>
    sealed record Forward(IReadOnlyList<Waiting> Questions, ScoringPass? Pass, long Begun);

    /// <summary>Takes what waits and fits into a forward; a work that stands first is done at once, alone.</summary>
    /// <param name="isRunning">A forward is begun and not finished: works wait for it. One of them may free what it still needs, such as an
    /// adapter when its questions are read again for want of memory.</param>
    (List<Waiting> Questions, int Tokens) Take(bool isRunning)
    {
        if (Patience > TimeSpan.Zero) WaitForOthers();
        List<Waiting> taken = [];
        var room = _scorer.Room(_room);
        while (_waiting.Reader.TryPeek(out var first))
        {
            if (first.Work is not null && (isRunning || taken.Count > 0)) break;
            if (first.Question is { } question && !first.Stop.IsCancellationRequested && !room.TryAdd(question)) break;
            _waiting.Reader.TryRead(out _);
            if (_isClosed) first.Fail(Disposed());
            else if (first.Stop.IsCancellationRequested) first.Fail(new OperationCanceledException(first.Stop));
            else if (first.Work is { } work)
            {
                work(null);
                break;
            }
            else taken.Add(first);
        }
        return (taken, room.Tokens);
    }

    void WaitForOthers()
    {
        while (!_isClosed && _waiting.Reader.TryPeek(out var first) && Stopwatch.GetElapsedTime(first.Since) < Patience
            && _waiting.Reader.Count < Company) Thread.Sleep(1);
    }

    Forward? Begin((List<Waiting> Questions, int Tokens) taken)
    {
        var questions = taken.Questions;
        if (questions.Count == 0) return null;
        var begun = Stopwatch.GetTimestamp();
        try
        {
            OnForward?.Invoke(questions.Count, taken.Tokens); // a listener's error is that of these questions, and not the thread's end
            return new(questions, _scorer.Begin([.. questions.Select(q => q.Question!)]), begun);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            OnFailure?.Invoke(e, questions.Count); // it is tried again with fewer at once, and so are those that come
            if (_room > FewestTokens) _room = Math.Max(_room / 2, FewestTokens);
            return new(questions, null, begun);
        }
        catch (Exception e)
        {
            Fail(questions, e);
            return null;
        }
    }

    void Finish(Forward forward)
    {
        try
        {
            var readings = _scorer.Finish(forward.Pass, [.. forward.Questions.Select(q => q.Question!)]);
            var computed = Stopwatch.GetElapsedTime(forward.Begun);
            foreach (var (question, reading) in forward.Questions.Zip(readings))
                question.Reading.TrySetResult(new(reading, Stopwatch.GetElapsedTime(question.Since, forward.Begun), computed));
        }
        catch (Exception e)
        {
            Fail(forward.Questions, e);
        }
    }

    void Fail(IReadOnlyList<Waiting> questions, Exception e)
    {
        OnFailure?.Invoke(e, questions.Count);
        foreach (var question in questions) question.Fail(e);
    }

    Exception Told(Exception e) => !DeviceMemory.IsExhausted(e) ? e : new OutOfDeviceMemoryException(
        $"the {_device} has no memory left for an answer; free some, or load the model with a smaller precision");

    /// <summary>
    /// Ends <see cref="Serve"/>: the forward that runs is finished, what waits fails with <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        _isClosed = true;
        _waiting.Writer.TryComplete();
        _ended.Wait();
    }
}
