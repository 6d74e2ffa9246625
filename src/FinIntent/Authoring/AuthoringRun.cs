using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>How rows are written, besides the plan.</summary>
sealed record AuthoringOptions
{
    public required IReadOnlyList<string> Styles { get; init; }
    public int RowsPerRequest { get; init; } = 10;
    public int JudgeRowsPerRequest { get; init; } = 10;
    public int StalledRounds { get; init; } = 3;
    public int Seed { get; init; } = 42;
}

/// <summary>How far a run is after a round.</summary>
sealed record RoundReport(int Round, AuthoredSet Set, Amount Spent);

/// <summary>Writes, checks and judges rows in rounds, until the wanted rows or a limit is reached.</summary>
/// <remarks>All that is random or depends on order comes from the seed and the journal's answers in the requests' order. So the same
/// answers give the same rows, and a run that goes on finds its way back to where it was by going through the journal.</remarks>
sealed class AuthoringRun
{
    const int MostAvoided = 20;

    readonly IntentSchema _schema;
    readonly AuthoringOptions _options;
    readonly Author _writer;
    readonly RowJudge? _judge;
    readonly QuestionCheck _check;
    readonly Asker _asker;
    readonly PromptTexts _texts;
    readonly List<string> _finishes = [];
    int _orders, _stalled;

    /// <param name="judge">The judge; null keeps rows as they were written.</param>
    public AuthoringRun(IntentSchema schema, DatasetPlan plan, AuthoringOptions options, QuestionCheck check, Author writer, Author? judge,
        Asker asker)
    {
        (_schema, _options, _check, _writer, _asker) = (schema, options, check, writer, asker);
        _texts = PromptTexts.Of(schema.Language);
        _judge = judge is null ? null : new(schema, judge, options, asker);
        Set = new(plan);
        foreach (var example in schema.Intents.SelectMany(intent => intent.Examples)) Set.Remember(example);
    }

    public AuthoredSet Set { get; }

    /// <summary>The number of rounds that were begun.</summary>
    public int Rounds { get; private set; }

    /// <param name="onRound">It is called after each round.</param>
    /// <returns>Why it ended before all rows were there; null when they are.</returns>
    public async Task<Stopped?> Run(Action<RoundReport>? onRound, CancellationToken stop)
    {
        while (true)
        {
            ApplyDecisions(Rounds);
            if (Set.IsComplete) return null;
            if (_stalled == _options.StalledRounds)
                return new($"{_stalled} rounds in a row brought no row (stalled_rounds); " +
                    $"look at what was rejected, at the schema's descriptions and at length_shares{Finishes}");
            var before = Set.Rows.Count;
            var stopped = await Round(Rounds++, stop);
            if (stopped?.Failure is not null) return stopped;
            onRound?.Invoke(new(Rounds, Set, _asker.Ledger.Spent));
            if (stopped is not null) return stopped;
            _stalled = Set.Rows.Count > before ? 0 : _stalled + 1;
        }
    }

    /// <summary>Says why answers without a row ended, where they did not end by themselves.</summary>
    string Finishes => _finishes.Count == 0 ? "" : "; answers without a row ended so: "
        + string.Join("; ", _finishes.CountBy(f => f).OrderByDescending(f => f.Value).Select(f => $"{f.Value} × {f.Key}"));

    /// <summary>Applies a person's decisions: each stands in the journal with the round that it precedes.</summary>
    public void ApplyDecisions(int round)
    {
        foreach (var decision in _asker.Journal.Decisions.Where(d => d.Round == round && !Set.IsDecided(d.Id)))
            Set.Decide(decision.Id, decision.Question!, decision.Intent is { } name ? JudgingPrompt.NumberOf(_schema, name) : null);
    }

    async Task<Stopped?> Round(int round, CancellationToken stop)
    {
        var orders = RoundPlan.Of(Set, _options.RowsPerRequest, _options.Styles, _orders);
        var requests = orders.Select((order, i) => Request(order, round, i)).ToList();
        Amount JudgingUpTo(int order) => _judge?.MostFor(orders.Take(order + 1).Sum(o => o.Rows)) ?? default;
        var (answers, stopped) = await _asker.Ask(_writer, requests, JudgingUpTo, stop);
        if (stopped?.Failure is not null) return stopped;
        _orders += orders.Count;

        var candidates = Candidates(orders, answers);
        if (_judge is null)
        {
            foreach (var candidate in candidates) Set.Add(new(candidate, candidate.Question, candidate.Intent, null));
            return stopped;
        }
        return await _judge.Judge(Set, candidates, round, stop) ?? stopped;
    }

    AuthorRequest Request(WritingOrder order, int round, int number)
    {
        var random = new Random(unchecked(_options.Seed * 1_000_003 + round * 1009 + number));
        string[] there = [.. Set.Rows.Where(row => row.Intent == order.Intent).Select(row => row.Question)];
        random.Shuffle(there);
        var prompt = WritingPrompt.For(_schema, order, Set.Plan.Unit, there[..Math.Min(there.Length, MostAvoided)]);
        return new($"w{round}.{number}", WritingPrompt.NameOf(_texts), prompt);
    }

    /// <summary>Returns the items of all answers that are rows, in the requests' order.</summary>
    List<Written> Candidates(IReadOnlyList<WritingOrder> orders, IReadOnlyList<JournalRecord?> answers)
    {
        List<Written> candidates = [];
        var pending = new Dictionary<(int Intent, int Length), int>();
        foreach (var (order, answer) in orders.Zip(answers))
        {
            if (answer is null) continue;
            Set.Asked += order.Rows;
            var (items, broken) = JsonObjects.In(AnswerText.Of(answer.Text ?? "").Text, "question");
            if (items.Count == 0) Set.Unreadable++;
            if (items.Count == 0 && answer.Finish is { } finish) _finishes.Add(finish);
            Set.Reject(Rejection.Malformed, broken);
            foreach (var (i, item) in items.Index())
            {
                var question = JsonObjects.Text(item, "question")?.Trim();
                var intent = JsonObjects.Text(item, "intent");
                var why = question is null ? Rejection.Malformed : WhyNot(question, intent, order.Intent, pending);
                if (why is { } rejection)
                {
                    Set.Reject(rejection);
                    continue;
                }
                var length = Set.Plan.LengthOf(question!)!.Value;
                pending[(order.Intent, length)] = pending.GetValueOrDefault((order.Intent, length)) + 1;
                Set.Remember(question!);
                var (sent, cost) = (_asker.Journal.SentOf(answer.Id)!, (answer.Cost ?? 0) / items.Count);
                candidates.Add(new($"{answer.Id}#{i + 1}", question!, order.Intent, length, order.Style, sent, answer, cost));
            }
        }
        return candidates;
    }

    Rejection? WhyNot(string question, string? intent, int wanted, Dictionary<(int, int), int> pending)
    {
        // The name may be left out, since it was asked for. Another one makes it another intent's row, or no intent's.
        if (intent is not null && JudgingPrompt.NumberOf(_schema, intent) != wanted) return Rejection.WrongIntent;
        if (_check.Of(question) is { } why) return why;
        if (Set.Plan.LengthOf(question) is not { } length) return Rejection.Length;
        if (Set.Repeats(question)) return Rejection.Duplicate;
        var have = Set.Have(wanted, length) + pending.GetValueOrDefault((wanted, length));
        return have >= Set.Plan.Wanted[wanted][length] ? Rejection.Surplus : null;
    }
}
