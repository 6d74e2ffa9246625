using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Reads a data set's rows as conversations that can be trained on.</summary>
sealed class Dataset(DatasetEntry entry)
{
    /// <summary>The reason why a row of OpenFinData is not read.</summary>
    public const string Refusal = "this is an intent question of OpenFinData, whose notice allows evaluation only; " +
        "it can be neither trained on nor used to choose a checkpoint";

    /// <summary>The questions that rows are compared with as they are encoded; null means none.</summary>
    public LeakWatch? Leaks { get; init; }

    /// <summary>Looks at the rows as they are encoded; null means that an error in a row is an exception.</summary>
    public RowSurvey? Survey { get; init; }

    /// <summary>Encodes the rows on all cores, and adds their tokens in the file's order.</summary>
    /// <param name="maxSamples">The number of rows to take from the beginning; null means all.</param>
    /// <param name="seed">The seed of the draw that num_samples asks for.</param>
    /// <param name="needsAnswer">Says that rows without an answer are left out.</param>
    /// <param name="warn">Is told once which rows were left out, and why.</param>
    public void Encode(int? maxSamples, int seed, bool needsAnswer, Func<Conversation, TokenRow> encode, Action<TokenRow> add,
        Action<string> warn)
    {
        EvaluationNotice.Check(entry.Path);
        var left = new LeftOutRows();
        var refused = 0L;
        OrderedParallel.Run(UpToAnError(Select(maxSamples, seed)), Work, Take);
        if (left.Rows == 0 && Survey?.Findings.Broken.Count > 0) return;
        if (left.Rows == 0) throw new UserErrorException($"{entry.Path}: the file has no rows");
        if (left.Count == 0) return;

        var summary = left.Summary($"data set {entry.Name}");
        if (left.Count + refused == left.Rows)
            throw new UserErrorException($"{summary}. No row is left to train on; see columns and tags in {DatasetRegistry.FileName}.");
        warn(summary);

        Worked Work(SourceRow row)
        {
            try
            {
                return WorkOn(row, needsAnswer, encode);
            }
            catch (UserErrorException e) when (Survey is not null)
            {
                return new(row.At, Error: e);
            }
        }

        void Take(Worked done)
        {
            left.See(done.Error is null ? done.Problem : null);
            if (done.Leaks is { Count: > 0 } leaks) Leaks!.Report.Add(leaks);
            if (done.Error is not null)
            {
                refused++;
                Survey!.SeeRefused(done.Error);
            }
            else if (done.Tokens is null)
            {
                Survey?.SeeLeftOut(done.Problem!);
            }
            else
            {
                Survey?.See(done.Place, done.Tokens, done.Hash);
                add(done.Tokens);
            }
        }
    }

    /// <summary>Ends at an error in the file, when there is a survey to note it, so that the rows before it are looked at.</summary>
    IEnumerable<SourceRow> UpToAnError(IEnumerable<SourceRow> rows)
    {
        using var row = rows.GetEnumerator();
        while (true)
        {
            try
            {
                if (!row.MoveNext()) break;
            }
            catch (UserErrorException e) when (Survey is not null)
            {
                Survey.Findings.Broken.Add(e.Message);
                break;
            }
            yield return row.Current;
        }
    }

    /// <summary>Holds a row's tokens, or the reason why there are none.</summary>
    readonly record struct Worked(RowPlace Place, TokenRow? Tokens = null, string? Problem = null, UserErrorException? Error = null)
    {
        public IReadOnlyList<Leak>? Leaks { get; init; }
        public RowHash? Hash { get; init; }
    }

    Worked WorkOn(SourceRow row, bool needsAnswer, Func<Conversation, TokenRow> encode)
    {
        var admitted = Admit(row);
        if ((needsAnswer ? admitted.Untaught : admitted.Problem) is { } problem) return LeftOut(problem);
        var conversation = admitted.Conversation!;
        if (conversation.Messages[0].Content.Length == 0) return LeftOut("the row is empty");
        var tokens = encode(conversation);
        if (tokens.InputIds.Length == 0) return LeftOut("the row is empty");
        return new(row.At, tokens)
        { Leaks = Leaks?.Check.Find(row.Place, conversation), Hash = Survey is not null && needsAnswer ? RowHash.Of(conversation) : null };

        Worked LeftOut(string why) => new(row.At, Problem: $"{row.Place}: {why}");
    }

    /// <summary>Returns what the rows' users ask, with the place of each.</summary>
    public IReadOnlyList<PlacedQuestion> Prompts(int? maxSamples, int seed)
    {
        EvaluationNotice.Check(entry.Path);
        List<PlacedQuestion> prompts = [];
        Read(maxSamples, seed, (row, conversation) =>
            QuestionRow.PromptsOf(conversation).Select(text => new PlacedQuestion(row.Place, text)), prompts.AddRange);
        return prompts;
    }

    /// <summary>Compares the rows with evaluation questions without training on them.</summary>
    public void Compare(LeakCheck check, LeakReport report, int? maxSamples, int seed) =>
        Read(maxSamples, seed, (row, conversation) => check.Find(row.Place, conversation), report.Add);

    /// <summary>Returns a row as a conversation, and refuses OpenFinData's.</summary>
    AlignedRow Admit(SourceRow row)
    {
        var aligned = OpenFinData.IsIntentItem(row) ? throw row.Error(Refusal) : RowFormats.Align(row, entry);
        var isOfficial = aligned.Conversation?.Messages.Any(message => OpenFinData.IsIntentPrompt(message.Content)) ?? false;
        return isOfficial ? throw row.Error(Refusal) : aligned;
    }

    void Read<T>(int? maxSamples, int seed, Func<SourceRow, Conversation, IEnumerable<T>> work, Action<IReadOnlyList<T>> take) =>
        OrderedParallel.Run<SourceRow, IReadOnlyList<T>>(Select(maxSamples, seed),
            row => Admit(row) is { Problem: null, Conversation: { } conversation } ? [.. work(row, conversation)] : [], take);

    IEnumerable<SourceRow> Select(int? maxSamples, int seed)
    {
        var rows = entry.Files is { } files ? files.SelectMany(DataFile.Read) : DataFile.Read(entry.Path);
        if (entry.NumSamples is { } wanted) return Draw(rows, wanted, maxSamples, seed);
        return maxSamples is { } most ? rows.Take(most) : rows;
    }

    /// <summary>Draws rows at random, with repetition only beyond the file's number of rows; they stay in the file's order.</summary>
    static IEnumerable<SourceRow> Draw(IEnumerable<SourceRow> rows, int wanted, int? maxSamples, int seed)
    {
        var indexes = Enumerable.Range(0, rows.Count()).ToArray();
        if (indexes.Length == 0) return [];
        var random = new Random(seed);
        random.Shuffle(indexes);
        var drawn = new int[indexes.Length];
        for (var i = 0; i < Math.Min(wanted, maxSamples ?? wanted); i++)
            drawn[i < indexes.Length ? indexes[i] : random.Next(indexes.Length)]++;
        return rows.Index().SelectMany(row => Enumerable.Repeat(row.Item, drawn[row.Index]));
    }
}
