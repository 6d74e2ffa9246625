using FinIntent.Generation;

namespace FinIntent.Server.Serving;

/// <summary>Is an answer that is being written. Each token is a work of its own on the thread that computes, so forwards and other answers
/// have their turns between them; a token is made when the text before it has been taken.</summary>
sealed class WrittenAnswer(ModelHost host, AnswerRun run, Deadline deadline, RequestRecord record) : IAsyncDisposable
{
    Task<AnswerPiece> _step = Task.FromResult(AnswerPiece.Nothing);

    public int PromptTokens => run.PromptTokens;
    public int Tokens => run.Tokens;

    /// <summary>Why the answer has ended; null means that it goes on.</summary>
    public AnswerEnd? End => run.End;

    /// <summary>How long the first token took, with its waiting.</summary>
    public TimeSpan First { get; private set; }

    /// <summary>How long all tokens took so far.</summary>
    public TimeSpan Total { get; private set; }

    /// <summary>Makes a token.</summary>
    /// <exception cref="DeadlineException">The time is over.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<AnswerPiece> NextAsync()
    {
        var stop = deadline.Token;
        var start = Stopwatch.GetTimestamp();
        _step = host.Run(() => stop.IsCancellationRequested ? AnswerPiece.Nothing : run.Step(), CancellationToken.None);
        var piece = await deadline.Await(_step.WaitAsync(stop));
        await deadline.Await(stop.IsCancellationRequested ? Task.FromCanceled<bool>(stop) : Task.FromResult(true));
        Total += Stopwatch.GetElapsedTime(start);
        if (First == TimeSpan.Zero) First = Total;
        record.Computed = Total;
        return piece;
    }

    /// <summary>Makes the rest of the answer, and returns it whole.</summary>
    public async Task<AnswerPiece> AllAsync()
    {
        StringBuilder text = new();
        List<TokenReading> tokens = [];
        while (End is null)
        {
            var piece = await NextAsync();
            text.Append(piece.Text);
            tokens.AddRange(piece.Tokens);
        }
        return new(text.ToString(), tokens);
    }

    /// <summary>Makes the rest of the answer piece by piece; pieces without anything are left out.</summary>
    /// <param name="first">Pieces that were made before.</param>
    public async IAsyncEnumerable<AnswerPiece> PiecesAsync(AnswerPiece first)
    {
        for (var piece = first; ; piece = await NextAsync())
        {
            if (piece.Text.Length > 0 || piece.Tokens.Count > 0) yield return piece;
            if (End is not null) yield break;
        }
    }

    /// <summary>Frees the answer's keys and values, once no step is running.</summary>
    public ValueTask DisposeAsync()
    {
        if (End is not null) host.Admission.Learn(1, Total);
        if (_step.IsCompleted) run.Dispose();
        else _ = _step.ContinueWith(_ => run.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return ValueTask.CompletedTask;
    }
}
