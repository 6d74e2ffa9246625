using System.Text.Json.Nodes;
using FinIntent.ApiModels;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Evaluation;

/// <param name="Name">What the model is called in predictions and reports.</param>
/// <param name="File">The predictions file.</param>
/// <param name="Identity">Everything the predictions depend on.</param>
sealed record ApiRunOptions(string Name, string File, JsonObject Identity)
{
    /// <summary>Questions under way at a time.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>For questions that bring none.</summary>
    public string? DefaultSystem { get; init; }

    /// <summary>Start anew where a run already is.</summary>
    public bool Overwrite { get; init; }
}

/// <summary>
/// Asks a model behind an API every question of a set and keeps each answer as it comes, in any order; a finished file is put into the questions'.
/// A question without an answer is not in the file, and the next run asks it.
/// </summary>
sealed class ApiRun
{
    // That many questions in a row without an answer, and the endpoint counts as down.
    const int FewestToGiveUp = 3;

    readonly ApiModel _model;
    readonly IReadOnlyList<EvaluationQuestion> _questions;
    readonly ApiRunOptions _options;
    readonly Action<int>? _onProgress;
    readonly PredictionFile _file;
    readonly Dictionary<string, Prediction> _done;
    readonly List<string> _unanswered = [];
    readonly Lock _lock = new();
    int _failedInARow;
    ApiFailure? _failure;

    ApiRun(ApiModel model, IReadOnlyList<EvaluationQuestion> questions, ApiRunOptions options, PredictionFile file, Action<int>? onProgress)
    {
        (_model, _questions, _options, _file, _onProgress) = (model, questions, options, file, onProgress);
        _done = file.DoneOf(questions.Select(q => (q.Id, q.Question)));
    }

    /// <param name="onProgress">Called with the number of questions that have an answer.</param>
    /// <param name="known">By id, what need not be asked.</param>
    /// <returns>The predictions of all questions, in order.</returns>
    /// <exception cref="UserErrorException">A question has no answer; the message says how many, why, and what to do.</exception>
    public static async Task<IReadOnlyList<Prediction>> Predict(ApiModel model, IReadOnlyList<EvaluationQuestion> questions, ApiRunOptions options,
        Action<int>? onProgress = null, IReadOnlyDictionary<string, Prediction>? known = null, CancellationToken stop = default)
    {
        Dictionary<string, Prediction> done;
        using (var file = PredictionFile.Open(options.File, options.Identity, options.Overwrite))
        {
            var run = new ApiRun(model, questions, options, file, onProgress);
            run.KeepKnown(known);
            await run.AskRest(stop);
            done = run._done;
        }
        List<Prediction> inOrder = [.. questions.Select(q => done[q.Id])];
        if (!done.Keys.SequenceEqual(questions.Select(q => q.Id))) PredictionFile.Rewrite(options.File, inOrder);
        return inOrder;
    }

    void KeepKnown(IReadOnlyDictionary<string, Prediction>? known)
    {
        if (known is null) return;
        List<Prediction> missing = [.. _questions.Where(q => !_done.ContainsKey(q.Id) && known.ContainsKey(q.Id)).Select(q => known[q.Id])];
        _file.Append(missing);
        foreach (var prediction in missing) _done.Add(prediction.Id, prediction);
    }

    async Task AskRest(CancellationToken stop)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var rest = _questions.Where(q => !_done.ContainsKey(q.Id)).ToList();
        try
        {
            await Parallel.ForEachAsync(rest, new ParallelOptions { MaxDegreeOfParallelism = _options.Concurrency, CancellationToken = giveUp.Token },
                async (question, token) => await Ask(question, giveUp, token));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // given up: the failure says why
        }
        if (_failure is { } failure) throw new UserErrorException(Missing(failure));
    }

    async ValueTask Ask(EvaluationQuestion question, CancellationTokenSource giveUp, CancellationToken token)
    {
        giveUp.Token.ThrowIfCancellationRequested(); // token, made from it, hears of it a moment later
        try
        {
            var conversation = new Conversation(question.System ?? _options.DefaultSystem, [new("user", question.Prompt.Text)]);
            Keep(PredictionOf(question, await _model.Ask(conversation, token)));
        }
        catch (ApiFailure failure)
        {
            lock (_lock)
            {
                _unanswered.Add(question.Id);
                _failure = _failure is { IsFinal: true } ? _failure : failure;
                if (!failure.IsFinal && ++_failedInARow < Math.Max(FewestToGiveUp, _options.Concurrency)) return;
            }
            await giveUp.CancelAsync();
        }
    }

    void Keep(Prediction prediction)
    {
        lock (_lock)
        {
            _file.Append(prediction);
            _done.Add(prediction.Id, prediction);
            _failedInARow = 0;
            _onProgress?.Invoke(_done.Count);
        }
    }

    Prediction PredictionOf(EvaluationQuestion question, ApiAnswer answer) => new()
    {
        Id = question.Id,
        Question = question.Question,
        Gold = question.Gold,
        Output = answer.Text,
        Choice = Prediction.ChoiceOf(answer.Text, null, question.Options),
        Options = question.Options.ToDictionary(o => o.Label, o => o.Name),
        Model = _options.Name,
        Seconds = Math.Round(answer.Time.TotalSeconds, 3),
        InputTokens = answer.InputTokens,
        OutputTokens = answer.OutputTokens,
        Finish = answer.Finish,
    };

    string Missing(ApiFailure failure)
    {
        var missing = _questions.Count - _done.Count;
        var kept = $"{missing} of {_questions.Count} questions have no answer; the others' are kept in {_options.File}";
        if (failure.IsFinal) return $"{failure.Message}. {kept}";
        var which = string.Join(", ", _unanswered.Take(5)) + (_unanswered.Count > 5 ? ", …" : "");
        return $"{kept}. Run the same command again to ask them. Attempts were used up (api_attempts) for {which}; the last failure: {failure.Message}";
    }
}
