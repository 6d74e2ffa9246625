using FinIntent.ApiModels;
using FinIntent.Calibration;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;
using Numbered = (int Number, FinIntent.Intents.AskedQuestion Question);

namespace FinIntent.Evaluation;

/// <summary>How a model on this machine is asked.</summary>
/// <param name="Scoring">How its choice is found; questions without options are answered in words only.</param>
sealed record LocalAsking(Scoring Scoring, AnswerOptions Answers)
{
    /// <summary>Answers that are written at once.</summary>
    public int AnswersAtOnce { get; init; } = 8;

    /// <summary>Question i draws with the seed Seed + i.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Tokens that are scored at once, what questions share counted once; null: as many as suit the device.</summary>
    public int? ScoringTokens { get; init; }

    /// <summary>Adds to scored questions what it makes of them; null adds nothing. Questions with other options are left as they
    /// are.</summary>
    public IntentCalibration? Calibration { get; init; }

    /// <summary>True: each answer is kept when it is written, for long ones; false: with those that were written beside it.</summary>
    public bool KeepsEach { get; init; }

    /// <summary>What predictions depend on of this, as keys of a predictions file's record.</summary>
    public JsonObject Identity()
    {
        JsonObject identity = new() { ["scoring"] = Scoring.ToString().ToLowerInvariant() };
        if (Scoring == Scoring.Options) return identity;
        var sampling = Answers.Sampling;
        identity["sampling"] = sampling.DoSample ? sampling.ToString() : $"greedy, repetition penalty {sampling.RepetitionPenalty}";
        identity["max_new_tokens"] = Answers.MaxNewTokens;
        identity["max_length"] = Answers.MaxLength;
        identity["stop_words"] = new JsonArray([.. Answers.StopWords.Select(w => (JsonNode)w)]);
        identity["skip_special_tokens"] = Answers.SkipSpecialTokens;
        identity["answers_at_once"] = AnswersAtOnce;
        if (sampling.DoSample) identity["seed"] = Seed;
        return identity;
    }
}

/// <summary>A model on this machine. It is loaded when the first question is asked.</summary>
sealed class LocalRespondent(Func<ChatModel> load, LocalAsking how) : Respondent
{
    ChatModel? _chat;

    protected override void Ask(Answers answers, IReadOnlyDictionary<string, Prediction> known, CancellationToken stop)
    {
        var chat = _chat ??= load();
        List<Numbered> asked = [.. answers.Questions.Index().Where(q => !known.ContainsKey(q.Item.Id))];
        var scorer = new OptionScorer(chat.Model, how.ScoringTokens);
        List<OptionQuestion> ready = how.Scoring == Scoring.Generate ? []
            : [.. asked.Select(q => chat.OptionQuestion(q.Question.Conversation, [.. q.Question.Options!.Select(o => o.Label)]))];
        foreach (var batch in how.Scoring == Scoring.Generate ? Chunks(asked.Count) : scorer.Batches(ready))
        {
            // What was begun is asked again as a whole, so that its bits are those of an uninterrupted run.
            var questions = asked[batch];
            if (questions.All(q => answers.Has(q.Question))) continue;
            stop.ThrowIfCancellationRequested();
            var readings = how.Scoring == Scoring.Generate ? null : scorer.Read(ready[batch]);
            if (how.KeepsEach)
            {
                KeepEach(chat, questions, answers, stop);
                continue;
            }
            var outputs = how.Scoring == Scoring.Options ? null : Written(chat, questions, stop);
            answers.Keep(PredictionsOf(questions, readings, outputs, answers.Run.Name));
        }
    }

    IReadOnlyList<Range> Chunks(int count) =>
        [.. Enumerable.Range(0, (count + how.AnswersAtOnce - 1) / how.AnswersAtOnce)
            .Select(i => new Range(i * how.AnswersAtOnce, Math.Min(count, (i + 1) * how.AnswersAtOnce)))];

    List<Prediction> PredictionsOf(IReadOnlyList<Numbered> questions, IReadOnlyList<OptionReading>? readings,
        IReadOnlyList<ChatAnswer>? outputs, string name) =>
        [.. questions.Select((q, i) =>
        {
            if (readings is null) return Said(q.Question, name, outputs![i]);
            var options = q.Question.Options!;
            var probabilities = options.Zip(readings[i].Probabilities).ToDictionary(p => p.First.Label, p => p.Second);
            var prediction = Said(q.Question, name, outputs?[i], probabilities);
            return how.Calibration is { } calibration && options.SequenceEqual(calibration.Subject.Options)
                ? prediction.With(calibration.Apply(readings[i]), options) : prediction;
        })];

    static Prediction Said(AskedQuestion question, string name, ChatAnswer? answer,
        IReadOnlyDictionary<string, double>? probabilities = null) => Prediction.Of(question, name, answer?.Text, probabilities) with
        {
            Finish = answer?.End == AnswerEnd.Length ? FinishWord.Length : null,
        };

    List<ChatAnswer> Written(ChatModel chat, IReadOnlyList<Numbered> questions, CancellationToken stop) =>
        [.. questions.Chunk(how.AnswersAtOnce).SelectMany(chunk => Write(chat, chunk, null, stop))];

    IReadOnlyList<ChatAnswer> Write(ChatModel chat, IReadOnlyList<Numbered> chunk, Action<int, ChatAnswer>? onDone, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var answers = chat.Write([.. chunk.Select(q => q.Question.Conversation)], [.. chunk.Select(q => how.Seed + q.Number)], how.Answers,
            (_, _) => !stop.IsCancellationRequested, (row, answer) =>
            {
                stop.ThrowIfCancellationRequested(); // an answer may have been cut then
                onDone?.Invoke(row, answer);
            });
        stop.ThrowIfCancellationRequested();
        return answers;
    }

    /// <summary>Answers are kept in the order of the questions: one waits for those before it.</summary>
    void KeepEach(ChatModel chat, IReadOnlyList<Numbered> chunk, Answers answers, CancellationToken stop)
    {
        var written = new ChatAnswer?[chunk.Count];
        var next = 0;
        Write(chat, chunk, (row, whole) =>
        {
            written[row] = whole;
            for (; next < chunk.Count && written[next] is { } answer; next++)
                answers.Keep([Said(chunk[next].Question, answers.Run.Name, answer)]);
        }, stop);
    }

    public override void Dispose() => _chat?.Dispose();
}
