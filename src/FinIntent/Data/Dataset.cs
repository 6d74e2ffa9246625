using FinIntent.Data.Files;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data;

/// <summary>A data set's rows as conversations that can be trained on.</summary>
sealed class Dataset(DatasetEntry entry)
{
    const int PlacesShown = 5;

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

        (TokenRow? Tokens, string? Problem) Work(SourceRow row)
        {
            RefuseOpenFinData(row);
            var (conversation, problem) = RowFormats.Align(row, entry);
            if (conversation is null) return (null, $"{row.Place}: {problem}");
            if (conversation.Messages.Any(message => OpenFinData.IsIntentPrompt(message.Content))) throw Refusal(row);
            if (needsAnswer && conversation.Messages.Count % 2 != 0) return (null, $"{row.Place}: no answer in column \"{entry.ColumnNames.Response}\"");
            var tokens = encode(conversation);
            return tokens.InputIds.Length > 0 ? (tokens, null) : (null, $"{row.Place}: the row is empty");
        }

        void Take((TokenRow? Tokens, string? Problem) result)
        {
            rows++;
            if (result.Tokens is not null) add(result.Tokens);
            else if (++dropped <= PlacesShown) examples.Add(result.Problem!);
        }
    }

    IEnumerable<SourceRow> Select(int? maxSamples, int seed)
    {
        var rows = DataFile.Read(entry.Path);
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

    static void RefuseOpenFinData(SourceRow row)
    {
        if (OpenFinData.IsIntentItem(row.Columns)) throw Refusal(row);
    }

    static UserErrorException Refusal(SourceRow row) =>
        row.Error("this is an intent question of OpenFinData, whose notice allows evaluation only; it can be neither trained on nor used to choose a checkpoint");
}
