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
    /// <summary>
    /// Finds what differs between whole answers: their common beginning becomes Lead, their common end (such as the end token) goes as far as no
    /// tail then begins with another one.
    /// </summary>
    public static OptionAnswers Of(IReadOnlyList<int[]> answers)
    {
        if (answers.Count < 2) throw new ArgumentException("a choice needs two answers", nameof(answers));
        var shortest = answers.Min(a => a.Length);
        var lead = Enumerable.Range(0, shortest).TakeWhile(i => answers.All(a => a[i] == answers[0][i])).Count();
        var shared = Enumerable.Range(1, shortest - lead).TakeWhile(i => answers.All(a => a[^i] == answers[0][^i])).Count();
        for (var end = shared; end >= 0; end--)
        {
            List<int[]> tails = [.. answers.Select(a => a[lead..^end])];
            if (AreApart(tails)) return new(answers[0][..lead], tails);
        }
        throw new UserErrorException("the tokenizer does not tell the options' labels apart");
    }

    /// <summary>Sorted, a tail that begins with another one comes right behind one that does.</summary>
    static bool AreApart(IReadOnlyList<int[]> tails)
    {
        var sorted = tails.Order(Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToList();
        return sorted[0].Length > 0 && sorted.Zip(sorted.Skip(1)).All(pair => !pair.Second.AsSpan().StartsWith(pair.First));
    }

    /// <summary>The labels in the ids that a template teaches them as answers.</summary>
    public static OptionAnswers For(ChatTemplate template, IEnumerable<string> labels)
    {
        Message question = new("user", "?");
        var prompt = template.EncodePrompt(new(null, [question]));
        return Of([.. labels.Select(label =>
            template.EncodeSupervised(new(null, [question, new("assistant", label)]), new SupervisedOptions()).InputIds[prompt.Length..])]);
    }

    public bool AreSingleTokens => Tails.All(t => t.Length == 1);
}

/// <summary>A question ready to be scored.</summary>
public sealed record OptionQuestion(int[] Prompt, OptionAnswers Answers);

/// <summary>
/// Probabilities of a question's options at the place where the answer stands, renormalised over the options: one forward for many
/// questions, no text to read. What questions have in common from their beginning on is read once.
/// </summary>
public sealed class OptionScorer(CausalLanguageModel model, int maxTokensPerForward)
{
    /// <summary>
    /// Questions that go through the model together, in order. A function of the questions alone, as is what they share, so a run that was
    /// stopped and goes on makes the same batches, and thus the same bits.
    /// </summary>
    public IReadOnlyList<Range> Batches(IReadOnlyList<OptionQuestion> questions)
    {
        List<Range> batches = [];
        List<int[]> rows = [];
        var (start, tokens) = (0, 0);
        for (var q = 0; q < questions.Count; q++)
        {
            var added = Added(questions[q]);
            if (q > start && tokens + added > maxTokensPerForward)
            {
                batches.Add(start..q);
                rows.Clear();
                (start, tokens, added) = (q, 0, Added(questions[q]));
            }
            tokens += added;
        }
        if (start < questions.Count) batches.Add(start..questions.Count);
        return batches;

        int Added(OptionQuestion question)
        {
            var own = 0;
            foreach (var row in RowsOf(question))
            {
                own += TokenBatch.OwnTokens(row, rows);
                rows.Add(row);
            }
            return own;
        }
    }

    /// <summary>Each question's probabilities in the order of its options; they sum to 1. All questions go through the model at once.</summary>
    public IReadOnlyList<double[]> Score(IReadOnlyList<OptionQuestion> questions)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (questions.Select(AnswerTree.LongestRow).DefaultIfEmpty().Max() is var longest && longest >= model.Shape.MaxPositions)
            throw new UserErrorException($"a question has {longest} tokens and the model reads {model.Shape.MaxPositions} at most; shorten it, or its options' names, or take a model that reads more");
        var scores = questions.Select(q => new double[q.Answers.Tails.Count]).ToList();
        foreach (var kind in Enumerable.Range(0, questions.Count).GroupBy(q => questions[q].Answers.AreSingleTokens))
            (kind.Key ? (Action<IReadOnlyList<OptionQuestion>, IReadOnlyList<double[]>>)ScoreSingle : ScoreWhole)([.. kind.Select(q => questions[q])], [.. kind.Select(q => scores[q])]);
        return [.. scores.Select(Normalised)];
    }

    void ScoreSingle(IReadOnlyList<OptionQuestion> questions, IReadOnlyList<double[]> scores)
    {
        using var scope = NewDisposeScope();
        int[] ids = [.. questions.SelectMany(q => q.Answers.Tails.Select(t => t[0])).Distinct()];
        var columns = ids.Index().ToDictionary(i => i.Item, i => i.Index);
        using var batch = TokenBatch.Last([.. questions.SelectMany(RowsOf)], model.Placement.Device, isShared: true, ids: ids);
        var logits = Values(model.forward(batch));                                                       // [B, M]
        for (var q = 0; q < questions.Count; q++)
            for (var i = 0; i < scores[q].Length; i++) scores[q][i] = logits[q * ids.Length + columns[questions[q].Answers.Tails[i][0]]];
    }

    /// <summary>
    /// Answers of several tokens: the probability of each as a whole. Answers that begin alike are asked once for what follows (200 names begin in
    /// far fewer ways), and an answer's last token is never read, only predicted.
    /// </summary>
    void ScoreWhole(IReadOnlyList<OptionQuestion> questions, IReadOnlyList<double[]> scores)
    {
        using var scope = NewDisposeScope();
        var plan = new AnswerTree();
        foreach (var (q, question) in questions.Index()) plan.Add(q, question);
        using var batch = TokenBatch.At(plan.Rows, plan.Outputs, model.Placement.Device, isShared: true);
        var asked = plan.Asked.Index().OrderBy(a => a.Item.Output).ToList();
        var values = Values(model.LogProbabilities(batch, [.. asked.Select(a => ((long)a.Item.Output, (long)a.Item.Id))]));
        // In the order of the answers' tokens, so that sums do not depend on how the tree lies.
        var inOrder = new float[values.Length];
        foreach (var (i, (index, _)) in asked.Index()) inOrder[index] = values[i];
        foreach (var (i, (_, _, question, option)) in plan.Asked.Index()) scores[question][option] += inOrder[i];
    }

    static float[] Values(Tensor numbers)
    {
        using var values = numbers.to(ScalarType.Float32).cpu().contiguous();
        return values.data<float>().ToArray();
    }

    /// <summary>What the model reads for a question: up to the answer's place, or each answer with it up to its last token.</summary>
    static IReadOnlyList<int[]> RowsOf(OptionQuestion question) =>
        question.Answers.AreSingleTokens ? [[.. question.Prompt, .. question.Answers.Lead]] : AnswerTree.RowsOf(question);

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
