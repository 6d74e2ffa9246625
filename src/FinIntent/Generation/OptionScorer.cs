using FinIntent.Models;
using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Holds a question's answers as the model would write them: after Lead, which all share, each has a tail of its own.</summary>
/// <remarks>In most tokenizers a tail is the letter's one token.</remarks>
sealed record OptionAnswers(int[] Lead, IReadOnlyList<int[]> Tails)
{
    /// <summary>Finds what differs between whole answers: their common beginning becomes Lead, and their common end is left out.</summary>
    /// <remarks>Of the end (such as the end token) so much stays that no tail begins with another tail.</remarks>
    /// <exception cref="UserErrorException">The tokenizer does not tell the answers apart.</exception>
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

    /// <summary>Says whether no tail begins with another: sorted, such a tail comes right behind the other one.</summary>
    static bool AreApart(IReadOnlyList<int[]> tails)
    {
        var sorted = tails.Order(Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToList();
        return sorted[0].Length > 0 && sorted.Zip(sorted.Skip(1)).All(pair => !pair.Second.AsSpan().StartsWith(pair.First));
    }

    /// <summary>Encodes the labels in the ids that a template teaches them as answers.</summary>
    public static OptionAnswers For(ChatTemplate template, IEnumerable<string> labels)
    {
        Message question = new("user", "?");
        var prompt = template.EncodePrompt(new(null, [question]));
        return Of([.. labels.Select(IdsOf)]);
        int[] IdsOf(string label) => template
            .EncodeSupervised(new(null, [question, new("assistant", label)]), new SupervisedOptions()).InputIds[prompt.Length..];
    }

    public bool AreSingleTokens => Tails.All(t => t.Length == 1);
}

/// <summary>Is a question ready to be scored.</summary>
sealed record OptionQuestion(int[] Prompt, OptionAnswers Answers);

/// <summary>Computes probabilities of a question's options where the answer stands, renormalised over the options; they sum to 1.</summary>
/// <remarks>One forward serves many questions; what they have in common from their beginning on is read once.</remarks>
sealed class OptionScorer(CausalLanguageModel model, int maxTokensPerForward)
{
    internal const string NotFinite =
        "the model's scores are not finite numbers; load it in bf16 or fp32 (infer_dtype), or check its weights";

    /// <summary>Returns the ranges of questions that go through the model together, in order.</summary>
    /// <remarks>They depend on the questions alone, so a run that goes on after a stop makes the same batches and the same bits.</remarks>
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

    /// <summary>Returns each question's probabilities in the order of its options; all questions go through the model at once.</summary>
    /// <exception cref="UserErrorException">A question is too long for the model, or the model's scores are not finite.</exception>
    public IReadOnlyList<double[]> Score(IReadOnlyList<OptionQuestion> questions)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (questions.Select(AnswerTree.LongestRow).DefaultIfEmpty().Max() is var longest && longest >= model.Shape.MaxPositions)
            throw new UserErrorException($"a question has {longest} tokens and the model reads {model.Shape.MaxPositions} at most; " +
                "shorten it, or its options' names, or take a model that reads more");
        var scores = questions.Select(q => new double[q.Answers.Tails.Count]).ToList();
        foreach (var kind in Enumerable.Range(0, questions.Count).GroupBy(q => questions[q].Answers.AreSingleTokens))
        {
            OptionQuestion[] alike = [.. kind.Select(q => questions[q])];
            double[][] places = [.. kind.Select(q => scores[q])];
            if (kind.Key) ScoreSingle(alike, places);
            else ScoreWhole(alike, places);
        }
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
            for (var i = 0; i < scores[q].Length; i++)
                scores[q][i] = logits[q * ids.Length + columns[questions[q].Answers.Tails[i][0]]];
    }

    /// <summary>Adds up the log-probabilities of answers of several tokens; an answer's last token is only predicted, never read.</summary>
    /// <remarks>Answers that begin alike are asked once for what follows: 200 names begin in far fewer ways.</remarks>
    void ScoreWhole(IReadOnlyList<OptionQuestion> questions, IReadOnlyList<double[]> scores)
    {
        using var scope = NewDisposeScope();
        var plan = new AnswerTree();
        foreach (var (q, question) in questions.Index()) plan.Add(q, question);
        using var batch = TokenBatch.At(plan.Rows, plan.Outputs, model.Placement.Device, isShared: true);
        var asked = plan.Asked.Index().OrderBy(a => a.Item.Output).ToList();
        var values = Values(model.LogProbabilities(batch, [.. asked.Select(a => ((long)a.Item.Output, (long)a.Item.Id))]));
        // The order is that of the answers' tokens, so that sums do not depend on how the tree lies.
        var inOrder = new float[values.Length];
        foreach (var (i, (index, _)) in asked.Index()) inOrder[index] = values[i];
        foreach (var (i, (_, _, question, option)) in plan.Asked.Index()) scores[question][option] += inOrder[i];
    }

    static float[] Values(Tensor numbers)
    {
        using var values = numbers.to(ScalarType.Float32).cpu().contiguous();
        return values.data<float>().ToArray();
    }

    /// <summary>Returns what the model reads for a question: up to the answer's place, or with each answer but its last token.</summary>
    static IReadOnlyList<int[]> RowsOf(OptionQuestion question) =>
        question.Answers.AreSingleTokens ? [[.. question.Prompt, .. question.Answers.Lead]] : AnswerTree.RowsOf(question);

    static double[] Normalised(double[] scores)
    {
        var highest = scores.Max();
        if (!double.IsFinite(highest))
            throw new UserErrorException(NotFinite);
        var weights = scores.Select(s => Math.Exp(s - highest)).ToArray();
        var total = weights.Sum();
        return [.. weights.Select(w => w / total)];
    }
}
