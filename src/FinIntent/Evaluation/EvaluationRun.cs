using System.Text.Json.Nodes;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Evaluation;

/// <summary>How a model's choice is found.</summary>
public enum Scoring
{
    /// <summary>By the probabilities of the option letters: one forward a question.</summary>
    Options,

    /// <summary>By letting it write its answer.</summary>
    Generate,

    Both,
}

/// <param name="Name">What the model is called in predictions and reports.</param>
/// <param name="File">Where the predictions go.</param>
public sealed record EvaluationOptions(string Name, string File, Scoring Scoring, AnswerOptions Answers)
{
    /// <summary>Bounds memory; the result does not depend on it.</summary>
    public int MaxTokensPerForward { get; init; } = 8192;

    /// <summary>Answers that are written at once.</summary>
    public int AnswersAtOnce { get; init; } = 8;

    /// <summary>Start anew where a run already is.</summary>
    public bool Overwrite { get; init; }

    /// <summary>What else the predictions depend on: the weights, the template, the questions.</summary>
    public JsonObject Run { get; init; } = [];
}

/// <summary>Asks a model every question of a set and keeps what it says, going on where an earlier run stopped.</summary>
public static class EvaluationRun
{
    /// <param name="load">Called when there is something left to ask.</param>
    /// <param name="onProgress">Called with the number of questions done.</param>
    /// <returns>The predictions of all questions, in order.</returns>
    public static IReadOnlyList<Prediction> Predict(
        Func<ChatModel> load, IReadOnlyList<EvaluationQuestion> questions, EvaluationOptions options, Action<int>? onProgress = null)
    {
        using var file = PredictionFile.Open(options.File, RunOf(options), options.Overwrite);
        List<Prediction> all = [.. file.Done];
        var done = file.CountDone([.. questions.Select(q => (q.Id, q.Question))]);
        if (done == questions.Count) return all;

        using var model = load();
        var scorer = new OptionScorer(model.Model, options.MaxTokensPerForward);
        var ready = questions.Select(q => model.OptionQuestion(ConversationOf(q), [.. q.Options.Select(o => o.Letter)])).ToList();
        foreach (var batch in scorer.Batches(ready))
        {
            // A batch half written is done again as a whole, so that its bits are those of an uninterrupted run.
            if (batch.End.Value <= all.Count) continue;
            var predictions = PredictBatch(model, scorer, [.. questions.Index().Take(batch)], [.. ready.Take(batch)], options);
            foreach (var prediction in predictions.Skip(all.Count - batch.Start.Value))
            {
                file.Append(prediction);
                all.Add(prediction);
            }
            onProgress?.Invoke(all.Count);
        }
        return all;
    }

    static IEnumerable<Prediction> PredictBatch(
        ChatModel model, OptionScorer scorer, IReadOnlyList<(int Number, EvaluationQuestion Question)> questions, IReadOnlyList<OptionQuestion> ready, EvaluationOptions options)
    {
        var scores = options.Scoring == Scoring.Generate ? null : scorer.Score(ready);
        var outputs = options.Scoring == Scoring.Options ? null : questions.Chunk(options.AnswersAtOnce).SelectMany(chunk => model.Answer(
            [.. chunk.Select(q => ConversationOf(q.Question))], [.. chunk.Select(q => options.Answers.Seed + q.Number)], options.Answers)).ToList();
        return questions.Select((numbered, i) =>
        {
            var question = numbered.Question;
            var letters = question.Options.Select(o => o.Letter.ToString()).ToList();
            var probabilities = scores is null ? null : letters.Zip(scores[i]).ToDictionary(p => p.First, p => p.Second);
            return new Prediction
            {
                Id = question.Id,
                Question = question.Question,
                Gold = question.Gold.ToString(),
                Output = outputs?[i],
                Choice = Prediction.ChoiceOf(outputs?[i], probabilities, question.Options),
                Probabilities = probabilities,
                Options = question.Options.ToDictionary(o => o.Letter.ToString(), o => o.Name),
                Model = options.Name,
            };
        });
    }

    static Conversation ConversationOf(EvaluationQuestion question) => new(question.System, [new("user", question.Prompt.Text)]);

    static JsonObject RunOf(EvaluationOptions options)
    {
        var run = (JsonObject)options.Run.DeepClone();
        run["model"] = options.Name;
        run["scoring"] = options.Scoring.ToString().ToLowerInvariant();
        if (options.Scoring == Scoring.Options) return run;
        var sampling = options.Answers.Sampling;
        run["sampling"] = sampling.DoSample ? sampling.ToString() : "greedy";
        run["max_new_tokens"] = options.Answers.MaxNewTokens;
        run["stop_words"] = new JsonArray([.. options.Answers.StopWords.Select(w => (JsonNode)w)]);
        if (sampling.DoSample) run["seed"] = options.Answers.Seed;
        return run;
    }
}
