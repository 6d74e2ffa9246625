using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data;

/// <summary>The rows of a run: those trained on and, when the settings ask for some, those looked at for validation.</summary>
sealed class TrainingRows : IDisposable
{
    readonly List<RowStore> _stores = [];

    TrainingRows(IRowSource train) => Train = train;

    public IRowSource Train { get; private set; }

    public IRowSource? Validation { get; private set; }

    /// <param name="encoder">Called once, and only when there is text to encode.</param>
    /// <param name="warn">Told which rows were left out, and why, and of leaks that are allowed.</param>
    /// <param name="tokenizer">Reads rows that are tokens already; null, or giving null: nothing does.</param>
    public static TrainingRows Load(
        DatasetSettings settings, Stage stage, int seed, Func<RowEncoder> encoder, Action<string> warn, Func<Tokenizer?>? tokenizer = null)
    {
        var source = new Source(settings, stage, seed, new(encoder), warn, tokenizer);
        var store = new RowStore();
        var rows = new TrainingRows(store);
        rows._stores.Add(store);
        try
        {
            source.FillTrain(store);
            if (settings.EvalDataset.Count > 0)
            {
                var validation = new RowStore();
                rows._stores.Add(validation);
                source.FillFrom(settings.EvalDataset, validation);
                rows.Validation = validation;
            }
            else if (settings.ValSize > 0)
            {
                rows.Split(settings.ValSize, seed);
            }
            return rows;
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    /// <exception cref="UserErrorException">A row has an id the model does not know, or nothing is to be learnt.</exception>
    public void Check(int vocabularySize)
    {
        foreach (var store in _stores.Where(store => store.LargestId >= vocabularySize))
        {
            var row = Enumerable.Range(0, store.Count).First(i => Largest(store.Read(i)) >= vocabularySize);
            var which = store == _stores[0] ? "rows read" : "validation rows";
            throw new UserErrorException($"row {row + 1} of the {which} has the token id {Largest(store.Read(row))}, but the model's ids are " +
                $"0 to {vocabularySize - 1}; use the tokenizer files, or the tokenized_path, that belong to the model");
        }
        if (!_stores[0].HasLabels)
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
            throw new UserErrorException($"val_size: {size} takes {count} of {all.Count} rows and leaves none to train on; make it smaller");
        var order = Enumerable.Range(0, all.Count).ToArray();
        new Random(seed).Shuffle(order);
        Array.Sort(order, 0, count);
        Array.Sort(order, count, order.Length - count);
        Validation = new SelectedRows(all, order[..count]);
        Train = new SelectedRows(all, order[count..]);
    }

    public void Dispose() => _stores.ForEach(store => store.Dispose());

    sealed class Source(DatasetSettings settings, Stage stage, int seed, Lazy<RowEncoder> encoder, Action<string> warn, Func<Tokenizer?>? tokenizer)
    {
        public void FillTrain(RowStore store)
        {
            var report = new LeakReport();
            FillTrain(store, Questions() is { Count: > 0 } questions ? (new LeakCheck(questions), report) : null);
            report.Settle(settings.AllowLeak, warn);
        }

        void FillTrain(RowStore store, (LeakCheck Check, LeakReport Report)? leaks)
        {
            if (settings.TokenizedPath is { } folder && Directory.Exists(folder))
                throw new UserErrorException($"tokenized_path: {folder} is a folder; here it is a .jsonl file of rows {{\"input_ids\": […], \"labels\": […]}}");
            if (settings.TokenizedPath is { } path && File.Exists(path))
            {
                ReadTokens(path, store, leaks);
                if (store.Count == 0) throw new UserErrorException($"{path}: the file has no rows");
                return;
            }
            if (settings.Dataset.Count == 0)
                throw new UserErrorException($"tokenized_path: {settings.TokenizedPath}: no such file, and there is no dataset to make it from");
            FillFrom(settings.Dataset, store, leaks);
            if (settings.TokenizedPath is { } target) TokenizedFile.Write(target, store);
        }

        /// <summary>What no training row may repeat.</summary>
        List<PlacedQuestion> Questions()
        {
            var validation = Entries(settings.EvalDataset).SelectMany(entry => LeakCheck.Questions(new Dataset(entry).Prompts(settings.MaxSamples, seed)));
            return [.. validation, .. settings.LeakCheckFiles.SelectMany(LeakCheck.QuestionsOf)];
        }

        void ReadTokens(string path, RowStore store, (LeakCheck Check, LeakReport Report)? leaks)
        {
            var reader = tokenizer?.Invoke() is { } words ? new TokenizedQuestions(words) : null;
            if (reader is null && !settings.AllowLeak)
                throw new UserErrorException($"tokenized_path: {path}: its rows are tokens, and there is no tokenizer in the model's folder to read them with, so nothing tells whether " +
                    "OpenFinData's questions, which may not be trained on, or evaluation questions are among them; add the tokenizer's files there, or set allow_leak: true if you vouch for the rows");
            TokenizedFile.Read(path, (place, row) => (Row: row, Leaks: reader?.Admit(place, row, leaks?.Check) ?? []), done =>
            {
                if (done.Leaks.Count > 0) leaks!.Value.Report.Add(done.Leaks);
                store.Add(done.Row);
            });
        }

        /// <summary>All names are checked before the first file is read.</summary>
        DatasetEntry[] Entries(IReadOnlyList<string> names) => names.Count == 0 ? [] : [.. names.Select(DatasetRegistry.Open(settings.DatasetDir, settings.HubFiles).Get)];

        public void FillFrom(IReadOnlyList<string> names, RowStore store, (LeakCheck Check, LeakReport Report)? leaks = null)
        {
            var entries = Entries(names);
            var pieces = new PieceCutter(settings.CutoffLen, store.Add);
            Action<TokenRow> add = stage switch
            {
                Stage.Pt when settings.Packing ?? true => row => pieces.Add(row.InputIds),
                Stage.Pt => row => store.Add(Cut(row)),
                _ => store.Add,
            };
            foreach (var entry in entries)
                new Dataset(entry) { Leaks = leaks }.Encode(settings.MaxSamples, seed, needsAnswer: stage != Stage.Pt, encoder.Value.Encode, add, warn);
            pieces.Finish();
        }

        TokenRow Cut(TokenRow row) =>
            row.InputIds.Length <= settings.CutoffLen ? row : new(row.InputIds[..settings.CutoffLen], row.Labels[..settings.CutoffLen]);
    }
}
