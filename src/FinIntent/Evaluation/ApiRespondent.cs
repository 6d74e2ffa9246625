using FinIntent.ApiModels;
using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>A model behind an API. Its answers come in any order; the next run asks again what has no answer in the file.</summary>
/// <remarks>A question that is too long for the model has none, and says so, when others are answered: it would never have one.</remarks>
/// <param name="concurrency">Questions that are under way at a time.</param>
/// <param name="defaultSystem">The system text of questions that bring none; null: none.</param>
sealed class ApiRespondent(ApiModel model, int concurrency, string? defaultSystem) : Respondent
{
    // After so many questions in a row without an answer the endpoint counts as down.
    const int FewestToGiveUp = 3;

    protected override void Ask(Answers answers, IReadOnlyDictionary<string, Prediction> known, CancellationToken stop)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var failures = new Failures(Math.Max(FewestToGiveUp, concurrency));
        var options = new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = giveUp.Token };
        var rest = answers.Questions.Where(q => !answers.Has(q)).ToList();
        try
        {
            Parallel.ForEachAsync(rest, options, async (question, token) => await Ask(question, answers, failures, giveUp, token))
                .GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // It was given up, and the failure says why.
        }
        if (answers.Count > 0) answers.Keep([.. failures.TooLong.Select(q => TooLong(q, answers.Run.Name))]);
        var why = failures.Told ?? (answers.Count < answers.Questions.Count ? failures.Held : null);
        if (why is { } failure) throw new UserErrorException(Missing(answers, failures, failure));
    }

    async ValueTask Ask(AskedQuestion question, Answers answers, Failures failures, CancellationTokenSource giveUp, CancellationToken token)
    {
        giveUp.Token.ThrowIfCancellationRequested(); // token, made from it, hears of it a moment later
        try
        {
            var conversation = question.Conversation with { System = question.Conversation.System ?? defaultSystem };
            var answer = await model.Ask(conversation, token);
            answers.Keep([Prediction.Of(question, answers.Run.Name, answer.Text) with
            {
                Seconds = Math.Round(answer.Time.TotalSeconds, 3),
                InputTokens = answer.InputTokens,
                OutputTokens = answer.OutputTokens,
                Finish = answer.Finish,
            }]);
            failures.Passed();
        }
        catch (ApiFailure failure) when (failure.IsTooLong)
        {
            // As long as nothing was answered, it may be that no question fits.
            if (failures.Hold(question, failure) && answers.Count == 0) await giveUp.CancelAsync();
        }
        catch (ApiFailure failure)
        {
            if (failures.Add(question.Id, failure)) await giveUp.CancelAsync();
        }
    }

    static Prediction TooLong(AskedQuestion question, string model) =>
        Prediction.Of(question, model, "") with { Finish = FinishWord.ContextLength };

    static string Missing(Answers answers, Failures failures, ApiFailure failure)
    {
        var missing = answers.Questions.Count - answers.Count;
        var kept = $"{missing} of {answers.Questions.Count} questions have no answer; the others' are kept in {answers.Run.File}";
        return failure.IsFinal ? $"{failure.Message}. {kept}"
            : $"{kept}. Run the same command again to ask them. Attempts were used up (api_attempts) for {failures.Questions}; " +
                $"the last failure: {failure.Message}";
    }

    public override void Dispose() => model.Dispose();

    /// <summary>The questions that have no answer, and why.</summary>
    sealed class Failures(int mostInARow)
    {
        readonly List<string> _questions = [];
        readonly Lock _lock = new();
        readonly List<AskedQuestion> _tooLong = [];
        int _inARow;

        /// <summary>The failure to tell: a final one, else the last; null: there was none.</summary>
        public ApiFailure? Told { get; private set; }

        public string Questions => string.Join(", ", _questions.Take(5)) + (_questions.Count > 5 ? ", …" : "");

        /// <summary>Questions that are too long for the model.</summary>
        public IReadOnlyList<AskedQuestion> TooLong => _tooLong;

        /// <summary>Why the last of these has no answer.</summary>
        public ApiFailure? Held { get; private set; }

        /// <returns>Whether there are as many as make an endpoint count as down.</returns>
        public bool Hold(AskedQuestion question, ApiFailure failure)
        {
            lock (_lock)
            {
                _tooLong.Add(question);
                Held = failure;
                return _tooLong.Count >= mostInARow;
            }
        }

        public void Passed()
        {
            lock (_lock) _inARow = 0;
        }

        /// <returns>Whether to give up.</returns>
        public bool Add(string question, ApiFailure failure)
        {
            lock (_lock)
            {
                _questions.Add(question);
                Told = Told is { IsFinal: true } ? Told : failure;
                return failure.IsFinal || ++_inARow >= mostInARow;
            }
        }
    }
}
