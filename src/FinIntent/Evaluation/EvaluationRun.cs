using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Text;
using TorchSharp;

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

/// <summary>Asks a model every question of a set and keeps what it says, going on where an earlier run stopped.</summary>
public static class EvaluationRun
{
    // A GPU is not filled by less.
    const int TokensOnCpu = 4096, TokensOnGpu = 16384;

    /// <param name="load">Called when there is something left to ask.</param>
    /// <param name="scoringTokens">How many are scored at once, what questions share counted once. It bounds memory. Null: as suits the device.</param>
    /// <param name="onProgress">Called with the number of questions done.</param>
    /// <returns>The predictions of all questions, in order.</returns>
    public static IReadOnlyList<Prediction> Predict(Func<ChatModel> load, IReadOnlyList<EvaluationQuestion> questions, Scoring scoring, RunOptions options,
        int? scoringTokens = null, Action<int>? onProgress = null)
    {
        using var model = new ModelOnDemand(load);
        return Predict(model, questions, scoring, options, scoringTokens, onProgress);
    }

    /// <summary>The same with a model that others use, too.</summary>
    /// <param name="known">By id, what need not be asked: it is written where its question stands.</param>
    public static IReadOnlyList<Prediction> Predict(ModelOnDemand model, IReadOnlyList<EvaluationQuestion> questions, Scoring scoring, RunOptions options,
        int? scoringTokens = null, Action<int>? onProgress = null, IReadOnlyDictionary<string, Prediction>? known = null)
    {
        var identity = options.Identity(scoring.ToString().ToLowerInvariant(), scoring != Scoring.Options);
        using var file = PredictionFile.Open(options.File, identity, options.Overwrite);
        List<Prediction> all = [.. file.Done];
        if (file.CountDone([.. questions.Select(q => (q.Id, q.Question))]) == questions.Count) return all;

        var chat = model.Value;
        var scorer = new OptionScorer(chat.Model, scoringTokens ?? (chat.Model.Placement.Device.type == DeviceType.CPU ? TokensOnCpu : TokensOnGpu));
        List<(int Number, EvaluationQuestion Question)> asked = [.. questions.Index().Where(q => known?.ContainsKey(q.Item.Id) != true)];
        var ready = asked.Select(q => chat.OptionQuestion(ConversationOf(q.Question), [.. q.Question.Options.Select(o => o.Label)])).ToList();
        foreach (var batch in scorer.Batches(ready))
        {
            // What is known goes with the batch before it, or the first.
            var end = batch.End.Value == asked.Count ? questions.Count : asked[batch.End.Value].Number;
            // A batch half written is done again as a whole, so that its bits are those of an uninterrupted run.
            if (end <= all.Count) continue;
            var scores = scoring == Scoring.Generate ? null : scorer.Score([.. ready.Take(batch)]);
            var outputs = scoring == Scoring.Options ? null : Answers(chat, [.. asked.Take(batch)], options);
            var answers = Enumerable.Range(0, batch.End.Value - batch.Start.Value).ToDictionary(i => asked[batch.Start.Value + i].Number,
                i => PredictionOf(asked[batch.Start.Value + i].Question, scores?[i], outputs?[i], options.Name));
            List<Prediction> next = [.. Enumerable.Range(all.Count, end - all.Count).Select(i => answers.GetValueOrDefault(i) ?? known![questions[i].Id])];
            file.Append(next);
            all.AddRange(next);
            onProgress?.Invoke(all.Count);
        }
        return all;
    }

    static List<string> Answers(ChatModel model, IReadOnlyList<(int Number, EvaluationQuestion Question)> questions, RunOptions options) =>
        [.. questions.Chunk(options.AnswersAtOnce).SelectMany(chunk => model.Answer(
            [.. chunk.Select(q => ConversationOf(q.Question))], [.. chunk.Select(q => options.Seed + q.Number)], options.Answers))];

    static Prediction PredictionOf(EvaluationQuestion question, double[]? scores, string? output, string name)
    {
        var letters = question.Options.Select(o => o.Label).ToList();
        var probabilities = scores is null ? null : letters.Zip(scores).ToDictionary(p => p.First, p => p.Second);
        return new()
        {
            Id = question.Id,
            Question = question.Question,
            Gold = question.Gold,
            Output = output,
            Choice = Prediction.ChoiceOf(output, probabilities, question.Options),
            Probabilities = probabilities,
            Options = question.Options.ToDictionary(o => o.Label, o => o.Name),
            Model = name,
        };
    }

    static Conversation ConversationOf(EvaluationQuestion question) => new(question.System, [new("user", question.Prompt.Text)]);
}
