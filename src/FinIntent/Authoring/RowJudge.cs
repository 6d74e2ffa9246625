using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>Has rows judged a second time, by a prompt that does not tell what they were written for.</summary>
/// <remarks>Verdicts are known by the question: what the journal has one for is not asked again, in whatever request it stands.</remarks>
sealed class RowJudge
{
    const int MostTimes = 2;

    // This is a candidate's text with its number; longer ones are rare and only make the estimate of what must be kept low.
    const int BytesAQuestion = 160;

    readonly IntentSchema _schema;
    readonly Author _judge;
    readonly AuthoringOptions _options;
    readonly Asker _asker;
    readonly PromptTexts _texts;
    readonly int _promptBytes;
    readonly Dictionary<string, Judged> _verdicts = [];
    readonly Dictionary<string, int> _times = [];
    readonly HashSet<string> _read = [];

    public RowJudge(IntentSchema schema, Author judge, AuthoringOptions options, Asker asker)
    {
        (_schema, _judge, _options, _asker) = (schema, judge, options, asker);
        _texts = PromptTexts.Of(schema.Language);
        var empty = JudgingPrompt.For(schema, [.. Enumerable.Range(0, schema.Intents.Count)], []);
        _promptBytes = System.Text.Encoding.UTF8.GetByteCount(empty.System + empty.Messages[0].Content);
        ReadJournal();
    }

    /// <summary>Returns the most that judging so many rows should take.</summary>
    public Amount MostFor(int rows)
    {
        var requests = (rows + _options.JudgeRowsPerRequest - 1) / _options.JudgeRowsPerRequest;
        var one = _judge.Most(_promptBytes + _options.JudgeRowsPerRequest * BytesAQuestion);
        return new(one.Cost * requests, one.Tokens * requests, requests);
    }

    /// <summary>Adds the rows that the judge agrees with to the set, and puts the others aside.</summary>
    public async Task<Stopped?> Judge(AuthoredSet set, IReadOnlyList<Written> rows, int round, CancellationToken stop)
    {
        string[] questions = [.. rows.Select(row => row.Question)];
        new Random(unchecked(_options.Seed * 1_000_003 + round * 1009 + 997)).Shuffle(questions);
        Stopped? stopped = null;
        for (var time = 0; time < MostTimes && stopped is null; time++)
        {
            var requests = Chunks(questions, time).Select(chunk => Request(chunk, round, time)).ToList();
            if (requests.Count == 0) continue;
            (_, stopped) = await _asker.Ask(_judge, requests, _ => default, stop);
            ReadJournal();
        }
        if (stopped?.Failure is not null) return stopped;
        foreach (var row in rows) Settle(set, row);
        return stopped;
    }

    /// <summary>Returns first an earlier run's chunks without what was answered, then together what the answers left out.</summary>
    IEnumerable<IReadOnlyList<string>> Chunks(string[] questions, int time)
    {
        if (time > 0) return questions.Where(q => IsOpen(q, time)).Chunk(_options.JudgeRowsPerRequest);
        var chunks = questions.Chunk(_options.JudgeRowsPerRequest).Select(chunk => chunk.Where(q => IsOpen(q, time)).ToArray());
        return chunks.Where(chunk => chunk.Length > 0);
    }

    bool IsOpen(string question, int time) => !_verdicts.ContainsKey(question) && _times.GetValueOrDefault(question) <= time;

    void Settle(AuthoredSet set, Written row)
    {
        if (!_verdicts.TryGetValue(row.Question, out var judged))
        {
            if (_times.GetValueOrDefault(row.Question) >= MostTimes) set.Put(new(row, null));
            else set.Unjudged++;
        }
        else if (judged.Verdict.Intent == row.Intent) set.Add(new(row, row.Question, row.Intent, judged));
        else set.Put(new(row, judged));
    }

    AuthorRequest Request(IReadOnlyList<string> questions, int round, int time)
    {
        var order = Enumerable.Range(0, _schema.Intents.Count).ToArray();
        // Whatever is asked together has the same order in every run.
        static int HashOf(string question) => question.Aggregate(0, (s, c) => unchecked(s * 31 + c));
        var seed = questions.Aggregate(_options.Seed + time, (sum, question) => unchecked(sum * 31 + HashOf(question)));
        new Random(seed).Shuffle(order);
        var request = new AuthorRequest("", JudgingPrompt.NameOf(_texts), JudgingPrompt.For(_schema, order, questions), questions);
        return request with { Id = $"j{round}.{time}.{request.Sha256[..12]}" };
    }

    void ReadJournal()
    {
        foreach (var (sent, answer) in _asker.Journal.Judged.Where(j => _read.Add(j.Sent.Id)).ToList())
        {
            var questions = sent.Questions!;
            var verdicts = JudgingPrompt.Read(AnswerText.Of(answer.Text ?? "").Text, _schema, questions.Count);
            foreach (var (i, question) in questions.Index())
            {
                _times[question] = _times.GetValueOrDefault(question) + 1;
                if (!verdicts.TryGetValue(i, out var verdict)) continue;
                _verdicts.TryAdd(question, new(verdict, sent, answer, (answer.Cost ?? 0) / questions.Count));
            }
        }
    }
}
