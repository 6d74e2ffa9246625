using FinIntent.Generation;
using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>Lets a model answer a list of questions and keeps the answers, going on where an earlier run stopped.</summary>
public static class AnswerRun
{
    /// <param name="load">Called when there is something left to ask.</param>
    /// <param name="onAnswer">Called after each answer is on disk, with how many are.</param>
    /// <returns>How many questions had been answered before.</returns>
    public static int Answer(Func<ChatModel> load, IReadOnlyList<AskedQuestion> questions, RunOptions options, Action<int, Prediction>? onAnswer = null)
    {
        using var file = PredictionFile.Open(options.File, options.Identity("generate", writesAnswers: true), options.Overwrite);
        var before = file.CountDone([.. questions.Select(q => (q.Id, q.Question))]);
        if (before == questions.Count) return before;

        using var model = load();
        var done = before;
        // Chunks are cut from the first question on, so that a run that goes on makes the same ones and thus the same bits.
        for (var start = before / options.AnswersAtOnce * options.AnswersAtOnce; start < questions.Count; start += options.AnswersAtOnce)
        {
            var chunk = questions.Skip(start).Take(options.AnswersAtOnce).ToList();
            var answers = new string?[chunk.Count];
            model.Answer([.. chunk.Select(q => q.Conversation)], [.. chunk.Select((_, i) => options.Seed + start + i)], options.Answers, onDone: (row, answer) =>
            {
                answers[row] = answer;
                // In the order of the questions: an answer waits for those before it.
                while (done < start + chunk.Count && answers[done - start] is { } next) Write(chunk[done - start], next);
            });
        }
        return before;

        void Write(AskedQuestion question, string answer)
        {
            var prediction = new Prediction
            {
                Id = question.Id,
                Question = question.Question,
                Gold = question.Gold,
                Output = answer,
                Choice = question.Options is null ? null : Prediction.ChoiceOf(answer, null, question.Options),
                Options = question.Options?.ToDictionary(o => o.Label, o => o.Name),
                Model = options.Name,
            };
            file.Append(prediction);
            done++;
            onAnswer?.Invoke(done, prediction);
        }
    }
}
