using FinIntent.Data.Files;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data;

/// <summary>A data set's rows as conversations that can be trained on.</summary>
sealed class Dataset(DatasetEntry entry)
{
    /// <summary>Why a row of OpenFinData is not read.</summary>
    public const string Refusal =
        "this is an intent question of OpenFinData, whose notice allows evaluation only; it can be neither trained on nor used to choose a checkpoint";

    const int PlacesShown = 5;

    /// <summary>What rows are compared with as they are encoded, and where hits are kept.</summary>
    public (LeakCheck Check, LeakReport Report)? Leaks { get; init; }

    /// <summary>Each row's tokens, in the file's order, encoded on all cores.</summary>
    /// <param name="maxSamples">Rows taken from the beginning; null: all.</param>
    /// <param name="seed">Of the draw that num_samples asks for.</param>
    /// <param name="needsAnswer">Rows without one are left out.</param>
    /// <param name="warn">Told once which rows were left out, and why.</param>
    public void Encode(int? maxSamples, int seed, bool needsAnswer, Func<Conversation, TokenRow> encode, Action<TokenRow> add, Action<string> warn)
    {
        EvaluationNotice.Check(entry.Path);
        long rows = 0, dropped = 0;
        List<string> examples = [];
        OrderedParallel.Run(Select(maxSamples, seed), Work, Take);
        if (rows == 0) throw new UserErrorException($"{entry.Path}: the file has no rows");
        if (dropped == 0) return;

        var summary = $"data set {entry.Name}: {dropped} of {rows} rows left out: {string.Join("; ", examples)}{(dropped > PlacesShown ? "; …" : "")}";
        if (dropped == rows) throw new UserErrorException($"{summary}. No row is left to train on; see columns and tags in {DatasetRegistry.FileName}.");
        warn(summary);

        (TokenRow? Tokens, string? Problem, IReadOnlyList<Leak>? Leaks) Work(SourceRow row)
        {
            var (conversation, problem) = Admit(row);
            if (conversation is null) return (null, $"{row.Place}: {problem}", null);
            if (needsAnswer && conversation.Messages.Count % 2 != 0) return (null, $"{row.Place}: no answer in column \"{entry.ColumnNames.Response}\"", null);
            var tokens = encode(conversation);
            return tokens.InputIds.Length > 0 ? (tokens, null, Leaks?.Check.Find(row.Place, conversation)) : (null, $"{row.Place}: the row is empty", null);
        }

        void Take((TokenRow? Tokens, string? Problem, IReadOnlyList<Leak>? Leaks) result)
        {
            rows++;
            if (result.Leaks is { Count: > 0 } leaks) Leaks!.Value.Report.Add(leaks);
            if (result.Tokens is not null) add(result.Tokens);
            else if (++dropped <= PlacesShown) examples.Add(result.Problem!);
        }
    }

    /// <summary>What the rows' users ask, with the place of each.</summary>
    public IReadOnlyList<PlacedQuestion> Prompts(int? maxSamples, int seed)
    {
        EvaluationNotice.Check(entry.Path);
        List<PlacedQuestion> prompts = [];
        Read(maxSamples, seed, (row, conversation) => LeakCheck.PromptsOf(conversation).Select(text => new PlacedQuestion(row.Place, text)), prompts.AddRange);
        return prompts;
    }

    /// <summary>Compares the rows with evaluation questions without training on them.</summary>
    public void Compare(LeakCheck check, LeakReport report, int? maxSamples, int seed) =>
        Read(maxSamples, seed, (row, conversation) => check.Find(row.Place, conversation), report.Add);

    /// <summary>A row as a conversation, unless it is OpenFinData's.</summary>
    AlignedRow Admit(SourceRow row)
    {
        var aligned = OpenFinData.IsIntentItem(row.Columns) ? throw row.Error(Refusal) : RowFormats.Align(row, entry);
        var isOfficial = aligned.Conversation?.Messages.Any(message => OpenFinData.IsIntentPrompt(message.Content)) ?? false;
        return isOfficial ? throw row.Error(Refusal) : aligned;
    }

    void Read<T>(int? maxSamples, int seed, Func<SourceRow, Conversation, T> work, Action<T> take) => OrderedParallel.Run(Select(maxSamples, seed),
        row => Admit(row).Conversation is { } conversation ? (IsRow: true, Result: work(row, conversation)) : (false, default!),
        done => { if (done.IsRow) take(done.Result); });

    IEnumerable<SourceRow> Select(int? maxSamples, int seed)
    {
        var rows = entry.Files is { } files ? files.SelectMany(DataFile.Read) : DataFile.Read(entry.Path);
        if (entry.NumSamples is { } wanted) return Draw(rows, wanted, maxSamples, seed);
        return maxSamples is { } most ? rows.Take(most) : rows;
    }

    /// <summary>A random draw without repetition; beyond the file's rows, with it. The rows stay in the file's order.</summary>
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
