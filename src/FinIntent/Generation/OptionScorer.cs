using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
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
    internal static bool AreApart(IReadOnlyList<int[]> tails)
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
sealed record OptionQuestion(int[] Prompt, OptionAnswers Answers)
{
    /// <summary>Says that the log-probability of each token of each option's tail is wanted, under the whole vocabulary.</summary>
    public bool TellsTokens { get; init; }

    /// <summary>Says that the logits of one place are enough.</summary>
    public bool IsSingleToken => !TellsTokens && Answers.AreSingleTokens;

    /// <summary>The adapter that answers; null means the model as it was loaded.</summary>
    public AdapterWeights? Adapter { get; init; }
}

/// <summary>Computes probabilities of a question's options where the answer stands, renormalised over the options; they sum to 1.</summary>
/// <remarks>One forward serves many questions; what they have in common from their beginning on is read once.</remarks>
/// <param name="maxTokens">The most tokens of a forward, what questions share counted once; null means as many as suit the device.</param>
/// <param name="kept">Beginnings that are kept between forwards; null means none. They stay the caller's.</param>
sealed class OptionScorer(CausalLanguageModel model, int? maxTokens = null, KeptBeginnings? kept = null)
{
    // A GPU is not filled by less.
    const int TokensOnCpu = 4096, TokensOnGpu = 16384;

    readonly int _maxTokens = maxTokens ?? (model.Placement.Device.type == DeviceType.CPU ? TokensOnCpu : TokensOnGpu);

    /// <summary>Returns the ranges of questions that go through the model together, in order.</summary>
    /// <remarks>They depend on the questions alone, so a run that goes on after a stop makes the same batches and the same bits.</remarks>
    public IReadOnlyList<Range> Batches(IReadOnlyList<OptionQuestion> questions)
    {
        List<Range> batches = [];
        var (start, room) = (0, Room());
        for (var q = 0; q < questions.Count; q++)
        {
            if (room.TryAdd(questions[q])) continue;
            batches.Add(start..q);
            (start, room) = (q, Room());
            room.TryAdd(questions[q]);
        }
        if (start < questions.Count) batches.Add(start..questions.Count);
        return batches;
    }

    /// <summary>The most tokens of a forward.</summary>
    public int MaxTokens => _maxTokens;

    /// <summary>Returns an empty forward, which questions are added to.</summary>
    /// <param name="maxTokens">The most tokens of it; null means <see cref="MaxTokens"/>.</param>
    public ForwardRoom Room(int? maxTokens = null) => new(maxTokens ?? _maxTokens, kept);

    /// <summary>Returns how many of a question's tokens are kept from earlier forwards, once its beginning is.</summary>
    public int KeptTokensOf(OptionQuestion question) =>
        kept?.TokensOf(question.Adapter, RowsOf(question)[0], AskedBehind(question)) ?? 0;

    /// <summary>Returns each question's probabilities in the order of its options; all questions go through the model at once.</summary>
    /// <exception cref="UserErrorException">A question is too long for the model, or the model's scores are not finite.</exception>
    public IReadOnlyList<double[]> Score(IReadOnlyList<OptionQuestion> questions) => [.. Read(questions).Select(r => r.Probabilities)];

    /// <summary>Returns all that one forward says about each question.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Score"/>.</exception>
    public IReadOnlyList<OptionReading> Read(IReadOnlyList<OptionQuestion> questions)
    {
        using var pass = Begin(questions);
        return pass.Finish();
    }

    /// <summary>Starts the forward of questions. A GPU works on while the host prepares the next ones.</summary>
    /// <exception cref="UserErrorException">A question is too long for the model.</exception>
    public ScoringPass Begin(IReadOnlyList<OptionQuestion> questions)
    {
        foreach (var question in questions) Check(question);
        var pass = new ScoringPass(questions);
        return pass.OrDispose(() =>
        {
            using var noGradient = no_grad();
            foreach (var kind in Enumerable.Range(0, questions.Count).GroupBy(q => questions[q].IsSingleToken))
            {
                var alike = kind.ToLookup(q => (AdapterFactors?)questions[q].Adapter);
                int[] places = [.. RowAdapters.InOrder(alike.Select(a => a.Key)).SelectMany(adapter => alike[adapter])];
                pass.Add(kind.Key ? BeginSingle(questions, places) : BeginWhole(questions, places));
            }
            return pass;
        });
    }

    /// <summary>
    /// Returns the readings of a pass and disposes it. Where the device has no room, the questions are halved until they fit.
    /// </summary>
    /// <param name="pass">Null means that it could not be begun for want of room.</param>
    /// <exception cref="UserErrorException">There is no room for a single question, or the model's scores are not finite.</exception>
    public IReadOnlyList<OptionReading> Finish(ScoringPass? pass, IReadOnlyList<OptionQuestion> questions)
    {
        try
        {
            using (pass)
                if (pass is not null) return pass.Finish();
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
        }
        DeviceMemory.Trim(model.Placement.Device);
        return [.. questions.Chunk(Math.Max(1, questions.Count / 2)).SelectMany(ReadHalved)];
    }

    IEnumerable<OptionReading> ReadHalved(OptionQuestion[] questions)
    {
        try
        {
            return Read(questions);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            if (questions.Length == 1)
                throw new OutOfDeviceMemoryException($"the {model.Placement.Device} has no memory left for one question; free some, " +
                    "or load the model with a smaller precision");
        }
        return Finish(null, questions);
    }

    /// <exception cref="UserErrorException">The question is too long for the model.</exception>
    public void Check(OptionQuestion question)
    {
        var (length, most) = (AnswerTree.LongestRow(question), model.Shape.MaxPositions);
        if (length >= most)
            throw new UserErrorException($"a question has {length} tokens and the model reads {most} at most; " +
                "shorten it, or its options' names, or take a model that reads more");
    }

    ScoringPart BeginSingle(IReadOnlyList<OptionQuestion> questions, int[] places)
    {
        using var scope = NewDisposeScope();
        int[] ids = [.. places.SelectMany(q => questions[q].Answers.Tails.Select(t => t[0])).Distinct()];
        var columns = ids.Index().ToDictionary(i => i.Item, i => i.Index);
        List<int[]> rows = [.. places.SelectMany(q => RowsOf(questions[q]))];
        var contexts = Contexts([.. rows.Zip(places, (row, q) => (questions[q], row))]);
        using var batch = TokenBatch.Last(
            Filled(rows), model.Placement.Device, isShared: true, ids: ids, contexts: Filled(contexts));
        var hidden = model.Hidden(batch);                                                                 // [B, C]
        var logits = model.LogitsOf(hidden, batch);                                                       // [B, M]
        return new(places, Kept(logits.narrow(0, 0, rows.Count)), Kept(hidden.narrow(0, 0, rows.Count)), (values, row) =>
            [.. questions[places[row]].Answers.Tails.Select(tail => (double)values[row * ids.Length + columns[tail[0]]])]);
    }

    /// <summary>Adds up the log-probabilities of answers of several tokens; an answer's last token is only predicted, never read.</summary>
    /// <remarks>Answers that begin alike are asked once for what follows: 200 names begin in far fewer ways.</remarks>
    ScoringPart BeginWhole(IReadOnlyList<OptionQuestion> questions, int[] places)
    {
        using var scope = NewDisposeScope();
        var plan = new AnswerTree();
        List<(OptionQuestion, int[])> rows = [];
        foreach (var (row, q) in places.Index())
        {
            plan.Add(row, questions[q]);
            rows.AddRange(plan.Rows.Skip(rows.Count).Select(ids => (questions[q], ids)));
        }
        var contexts = Contexts(rows);
        using var batch = TokenBatch.At(plan.Rows, Filled(plan.Outputs), model.Placement.Device, isShared: true, contexts);
        var asked = plan.Asked.Index().OrderBy(a => a.Item.Output).ToList();
        var hidden = model.Hidden(batch);                                                                 // [N, C]
        var values = model.LogProbabilities(hidden, [.. asked.Select(a => ((long)a.Item.Output, (long)a.Item.Id))]);
        var roots = tensor([.. plan.Roots.Select(output => (long)output)], device: hidden.device);
        var byOption = plan.Asked.Zip(PlacesOf(asked)).ToLookup(a => (a.First.Question, a.First.Option), a => a.Second);
        return new(places, Kept(values), Kept(hidden.index_select(0, roots)), (numbers, row) =>
            [.. questions[places[row]].Answers.Tails.Select((_, option) => Sum(byOption[(row, option)], numbers))])
        {
            TokensOf = (numbers, row) => !questions[places[row]].TellsTokens ? null
                : [.. questions[places[row]].Answers.Tails.Select((_, option) =>
                    byOption[(row, option)].Select(place => (double)numbers[place]).ToArray())],
        };
    }

    /// <summary>Returns what each row stands on; beginnings that are to be kept and are not there yet are read first.</summary>
    IReadOnlyList<RowContext> Contexts(IReadOnlyList<(OptionQuestion Question, int[] Ids)> rows) => kept is null
        ? [.. rows.Select(row => new RowContext(row.Question.Adapter))]
        : kept.Behind([.. rows.Select(row => (row.Question.Adapter, row.Ids, AskedBehind(row.Question)))]);

    /// <summary>Returns how many tokens a question has up to the first place where the model is asked.</summary>
    internal static int AskedBehind(OptionQuestion question) => question.Prompt.Length + question.Answers.Lead.Length;

    /// <summary>Repeats the last output on a CPU until every thread has whole fours of them. Products of fewer than four rows add up in
    /// another order, so a question's bits are the same alone and among others only with these (docs/log.md).</summary>
    IReadOnlyList<T> Filled<T>(IReadOnlyList<T> outputs)
    {
        if (model.Placement.Device.type != DeviceType.CPU) return outputs;
        var fours = 4 * get_num_threads();
        var missing = (fours - outputs.Count % fours) % fours;
        return missing == 0 ? outputs : [.. outputs, .. Enumerable.Repeat(outputs[^1], missing)];
    }

    /// <summary>Returns, for each token that is asked for, where its value stands among the values in the order of the outputs.</summary>
    static int[] PlacesOf(List<(int Index, (int, int, int, int) Item)> asked)
    {
        var places = new int[asked.Count];
        foreach (var (place, (index, _)) in asked.Index()) places[index] = place;
        return places;
    }

    /// <summary>Adds up in the order of an answer's tokens, so that a sum does not depend on how the tree lies.</summary>
    static double Sum(IEnumerable<int> places, float[] numbers)
    {
        var sum = 0.0;
        foreach (var place in places) sum += numbers[place];
        return sum;
    }

    static Tensor Kept(Tensor numbers) => numbers.to(ScalarType.Float32).DetachFromDisposeScope();

    /// <summary>Returns what the model reads for a question: up to the answer's place, or with each answer but its last token.</summary>
    internal static IReadOnlyList<int[]> RowsOf(OptionQuestion question) =>
        question.IsSingleToken ? [[.. question.Prompt, .. question.Answers.Lead]] : AnswerTree.RowsOf(question);
}

/// <summary>Counts the tokens of the questions of a forward, what they share once and what is kept not at all.</summary>
sealed class ForwardRoom(int maxTokens, KeptBeginnings? kept = null)
{
    readonly Dictionary<object, List<int[]>> _rowsOf = []; // by the adapter: only its rows share a beginning
    int _tokens;

    public int Count { get; private set; }

    /// <summary>The tokens that the forward computes.</summary>
    public int Tokens => _tokens;

    /// <summary>Adds a question; false when the tokens would be too many. The first question always fits.</summary>
    public bool TryAdd(OptionQuestion question)
    {
        object adapter = (object?)question.Adapter ?? this;
        if (!_rowsOf.TryGetValue(adapter, out var rows))
        {
            if (question.Adapter?.Room is { } room && _rowsOf.Keys.OfType<AdapterFactors>().Count() >= room.MaxLoaded) return false;
            _rowsOf[adapter] = rows = [];
        }
        var (added, before) = (0, rows.Count);
        foreach (var row in OptionScorer.RowsOf(question))
        {
            var known = kept?.TokensOf(question.Adapter, row, OptionScorer.AskedBehind(question)) ?? 0;
            added += Math.Min(row.Length - known, TokenBatch.OwnTokens(row, rows));
            rows.Add(row);
        }
        if (Count > 0 && _tokens + added > maxTokens)
        {
            rows.RemoveRange(before, rows.Count - before);
            return false;
        }
        (Count, _tokens) = (Count + 1, _tokens + added);
        return true;
    }
}
