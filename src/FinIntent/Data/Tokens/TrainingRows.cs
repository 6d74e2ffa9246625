using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Holds the rows of a run: those trained on and, when the settings ask for some, those for validation.</summary>
sealed class TrainingRows : IDisposable
{
    readonly List<RowStore> _stores = [];

    TrainingRows() { }

    public IRowSource Train { get; private set; } = null!;
    public IRowSource? Validation { get; private set; }

    /// <param name="encoder">Is called once, and only when there is text to encode.</param>
    /// <param name="warn">Is told which rows were left out, and why, and of leaks that are allowed.</param>
    /// <param name="tokenizer">Gives the tokenizer that reads rows which are tokens already; null means that there is none.</param>
    /// <param name="inspection">Looks at the rows on the way, and keeps them for another time; null means that nothing does.</param>
    public static TrainingRows Load(DatasetSettings settings, Stage stage, int seed, Func<RowEncoder> encoder, Action<string> warn,
        Func<Tokenizer?>? tokenizer = null, RowInspection? inspection = null)
    {
        var source = new RowReading(settings, stage, seed, new(encoder), warn, tokenizer, inspection ?? new());
        var rows = new TrainingRows();
        return rows.OrDispose(() =>
        {
            rows.Train = rows.Own(source.ReadTrain());
            if (settings.EvalDataset.Count > 0) rows.Validation = rows.Own(source.ReadValidation());
            else if (settings.ValSize > 0 && (inspection?.Train is null || rows.Train.Count > 0)) rows.Split(settings.ValSize, seed);
            return rows;
        });
    }

    RowStore Own(RowStore store)
    {
        _stores.Add(store);
        return store;
    }

    /// <summary>The tokens of the training rows; with val_size the share of them that is trained on.</summary>
    public double TrainTokens => _stores[0].Count == 0 ? 0 : (double)_stores[0].Totals.TokenCount * Train.Count / _stores[0].Count;

    /// <exception cref="UserErrorException">A row has an id the model does not know, or nothing is to be learnt.</exception>
    public void Check(int vocabularySize)
    {
        foreach (var store in _stores.Where(store => store.Totals.LargestId >= vocabularySize))
        {
            var row = Enumerable.Range(0, store.Count).First(i => Largest(store.Read(i)) >= vocabularySize);
            var which = store == _stores[0] ? "rows read" : "validation rows";
            throw new UserErrorException($"row {row + 1} of the {which} has the token id {Largest(store.Read(row))}, but the model's ids " +
                $"are 0 to {vocabularySize - 1}; use the tokenizer files, or the tokenized_path, that belong to the model");
        }
        if (!_stores[0].Totals.HasLabels)
            throw new UserErrorException($"none of the {_stores[0].Count} rows has a token to learn: no label is left; " +
                "raise cutoff_len, and look at the rows with `finintent inspect tokens`");

        static int Largest(TokenRow row) => Math.Max(row.InputIds.Max(), row.Labels.Max());
    }

    /// <summary>Takes validation rows from the training rows at random. Both keep the order of the file.</summary>
    void Split(double size, int seed)
    {
        var all = Train;
        var count = size < 1 ? (int)Math.Ceiling(size * all.Count) : (int)size;
        if (count >= all.Count)
            throw new UserErrorException(
                $"val_size: {size} takes {count} of {all.Count} rows and leaves none to train on; make it smaller");
        var order = Enumerable.Range(0, all.Count).ToArray();
        new Random(seed).Shuffle(order);
        Array.Sort(order, 0, count);
        Array.Sort(order, count, order.Length - count);
        Validation = new SelectedRows(all, order[..count]);
        Train = new SelectedRows(all, order[count..]);
    }

    public void Dispose() => _stores.ForEach(store => store.Dispose());
}
