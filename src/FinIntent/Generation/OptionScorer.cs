using FinIntent.Models;
using FinIntent.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Generation;

/// <summary>
/// The answers a question offers, as the model would write them: after Lead, which all share, each has a tail of its own. In most
/// tokenizers a tail is the letter's one token.
/// </summary>
public sealed record OptionAnswers(int[] Lead, IReadOnlyList<int[]> Tails)
{
    /// <summary>Finds what differs between whole answers: their common beginning becomes Lead, their common end (such as the end token) goes.</summary>
    public static OptionAnswers Of(IReadOnlyList<int[]> answers)
    {
        if (answers.Count < 2) throw new ArgumentException("a choice needs two answers", nameof(answers));
        var shortest = answers.Min(a => a.Length);
        var lead = Enumerable.Range(0, shortest).TakeWhile(i => answers.All(a => a[i] == answers[0][i])).Count();
        var end = Enumerable.Range(1, shortest - lead).TakeWhile(i => answers.All(a => a[^i] == answers[0][^i])).Count();
        var tails = answers.Select(a => a[lead..^end]).ToList();
        if (tails.Any(t => t.Length == 0) || tails.DistinctBy(t => string.Join(' ', t)).Count() < tails.Count)
            throw new UserErrorException("the tokenizer does not tell the option letters apart");
        return new(answers[0][..lead], tails);
    }

    /// <summary>One letter each, in the ids that a template teaches such an answer as.</summary>
    public static OptionAnswers For(ChatTemplate template, IEnumerable<char> letters)
    {
        Message question = new("user", "?");
        var prompt = template.EncodePrompt(new(null, [question]));
        return Of([.. letters.Select(letter =>
            template.EncodeSupervised(new(null, [question, new("assistant", letter.ToString())]), new SupervisedOptions()).InputIds[prompt.Length..])]);
    }

    public bool AreSingleTokens => Tails.All(t => t.Length == 1);
}

/// <summary>A question ready to be scored.</summary>
public sealed record OptionQuestion(int[] Prompt, OptionAnswers Answers);

/// <summary>
/// Probabilities of a question's options at the place where the answer stands, renormalised over the options: one forward for many
/// questions, no text to read.
/// </summary>
public sealed class OptionScorer(CausalLanguageModel model, int maxTokensPerForward)
{
    /// <summary>
    /// Questions that go through the model together, in order. A function of the questions alone, so a run that was stopped and goes on
    /// makes the same batches, and thus the same bits.
    /// </summary>
    public IReadOnlyList<Range> Batches(IReadOnlyList<OptionQuestion> questions)
    {
        List<Range> batches = [];
        for (int start = 0, end; start < questions.Count; start = end)
        {
            end = start + 1;
            var tokens = Cost(questions[start]);
            while (end < questions.Count && (tokens += Cost(questions[end])) <= maxTokensPerForward) end++;
            batches.Add(start..end);
        }
        return batches;
    }

    /// <summary>Each question's probabilities in the order of its options; they sum to 1. All questions go through the model at once.</summary>
    public IReadOnlyList<double[]> Score(IReadOnlyList<OptionQuestion> questions)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (questions.MaxBy(q => q.Prompt.Length) is { } longest && longest.Prompt.Length >= model.Shape.MaxPositions)
            throw new UserErrorException($"a question has {longest.Prompt.Length} tokens and the model reads {model.Shape.MaxPositions} at most; shorten it");
        var scores = questions.Select(q => new double[q.Answers.Tails.Count]).ToList();
        var single = Enumerable.Range(0, questions.Count).Where(q => questions[q].Answers.AreSingleTokens).ToList();
        if (single.Count > 0) ScoreSingle(questions, single, scores);
        for (var q = 0; q < questions.Count; q++)
            if (!questions[q].Answers.AreSingleTokens) ScoreWhole(questions[q], scores[q]);
        return [.. scores.Select(Normalised)];
    }

    void ScoreSingle(IReadOnlyList<OptionQuestion> questions, IReadOnlyList<int> numbers, IReadOnlyList<double[]> scores)
    {
        using var scope = NewDisposeScope();
        using var batch = TokenBatch.Last([.. numbers.Select(q => Read(questions[q], []))], model.Placement.Device);
        var logits = model.forward(batch);                                                     // [B, V]
        for (var b = 0; b < numbers.Count; b++)
        {
            var tails = questions[numbers[b]].Answers.Tails;
            var ids = tensor(tails.Select(t => (long)t[0]).ToArray(), device: logits.device);
            Fill(scores[numbers[b]], logits[b].index_select(0, ids));
        }
    }

    /// <summary>Answers of several tokens: the probability of each as a whole.</summary>
    void ScoreWhole(OptionQuestion question, double[] scores)
    {
        using var scope = NewDisposeScope();
        var tails = question.Answers.Tails;
        var labels = tails.Select(t => Enumerable.Repeat(TokenBatch.IgnoredLabel, question.Prompt.Length + question.Answers.Lead.Length).Concat(t).ToArray());
        using var batch = TokenBatch.ForTraining([.. tails.Select(t => Read(question, t))], [.. labels], model.Placement.Device);
        var logProbabilities = nn.functional.log_softmax(model.forward(batch).to(ScalarType.Float32), -1);   // [N, V]
        var chosen = logProbabilities.gather(1, batch.Labels!.unsqueeze(1)).squeeze(1).cpu();
        var start = 0L;
        for (var i = 0; i < tails.Count; start += tails[i++].Length) scores[i] = chosen.narrow(0, start, tails[i].Length).sum().item<float>();
    }

    static void Fill(double[] scores, Tensor logits)
    {
        using var values = logits.to(ScalarType.Float32).cpu();
        var data = values.data<float>();
        for (var i = 0; i < scores.Length; i++) scores[i] = data[i];
    }

    static int[] Read(OptionQuestion question, int[] tail) => [.. question.Prompt, .. question.Answers.Lead, .. tail];

    static int Cost(OptionQuestion question) =>
        (question.Prompt.Length + question.Answers.Lead.Length) * (question.Answers.AreSingleTokens ? 1 : question.Answers.Tails.Count);

    static double[] Normalised(double[] scores)
    {
        var highest = scores.Max();
        if (!double.IsFinite(highest))
            throw new UserErrorException("the model's scores are not finite numbers; load it in bf16 or fp32 (infer_dtype), or check its weights");
        var weights = scores.Select(s => Math.Exp(s - highest)).ToArray();
        var total = weights.Sum();
        return [.. weights.Select(w => w / total)];
    }
}
