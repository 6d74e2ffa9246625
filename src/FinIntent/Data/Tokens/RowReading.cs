using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Who looks at rows while they are read, and where encoded rows are kept.</summary>
sealed record RowInspection
{
    public RowSurvey? Train { get; init; }

    public RowSurvey? Validation { get; init; }

    /// <summary>Null: rows are encoded each time.</summary>
    public TokenCache? Cache { get; init; }

    /// <summary>What the encoder is made from; needed with a cache.</summary>
    public EncodedWith? Encoder { get; init; }

    /// <summary>The files of the data sets that come from a hub, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? HubFiles { get; init; }
}

/// <summary>Rows of files to stores of tokens, held against the questions that they may not repeat.</summary>
sealed class RowReading(
    DatasetSettings settings, Stage stage, int seed, Lazy<RowEncoder> encoder, Action<string> warn, Func<Tokenizer?>? tokenizer, RowInspection inspection)
{
    public RowStore ReadTrain()
    {
        var report = new LeakReport();
        var questions = Questions();
        var leaks = questions.Count > 0 ? (new LeakCheck(questions), report) : ((LeakCheck, LeakReport)?)null;
        var store = ReadTrain(questions, leaks);
        if (inspection.Train is { } survey) survey.Leaks = leaks is null ? null : report;
        else report.Settle(settings.AllowLeak, warn);
        return store;
    }

    public RowStore ReadValidation() => ReadCached(settings.EvalDataset, inspection.Validation, [], null);

    RowStore ReadTrain(IReadOnlyList<PlacedQuestion> questions, (LeakCheck Check, LeakReport Report)? leaks)
    {
        if (settings.TokenizedPath is { } folder && Directory.Exists(folder))
            throw new UserErrorException($"tokenized_path: {folder} is a folder; here it is a .jsonl file of rows {{\"input_ids\": […], \"labels\": […]}}");
        if (settings.TokenizedPath is { } path && File.Exists(path)) return Fill(store => ReadTokens(path, store, leaks));
        if (settings.Dataset.Count == 0)
            throw new UserErrorException($"tokenized_path: {settings.TokenizedPath}: no such file, and there is no dataset to make it from");
        var store = ReadCached(settings.Dataset, inspection.Train, questions, leaks);
        if (settings.TokenizedPath is { } target && IsClean(inspection.Train, leaks)) TokenizedFile.Write(target, store);
        return store;
    }

    static RowStore Fill(Action<RowStore> fill)
    {
        var store = new RowStore();
        try
        {
            fill(store);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>What no training row may repeat.</summary>
    List<PlacedQuestion> Questions()
    {
        List<PlacedQuestion> questions = [];
        foreach (var entry in Entries(settings.EvalDataset, inspection.Train)) Add(() => [.. LeakCheck.Questions(new Dataset(entry).Prompts(settings.MaxSamples, seed))]);
        foreach (var file in settings.LeakCheckFiles) Add(() => LeakCheck.QuestionsOf(file));
        return questions;

        void Add(Func<IReadOnlyList<PlacedQuestion>> read) => questions.AddRange(RowSurvey.Read(inspection.Train, read) ?? []);
    }

    void ReadTokens(string path, RowStore store, (LeakCheck Check, LeakReport Report)? leaks)
    {
        var reader = tokenizer?.Invoke() is { } words ? new TokenizedQuestions(words) : null;
        if (reader is null && !settings.AllowLeak)
            throw new UserErrorException($"tokenized_path: {path}: its rows are tokens, and there is no tokenizer in the model's folder to read them with, so nothing tells whether " +
                "OpenFinData's questions, which may not be trained on, or evaluation questions are among them; add the tokenizer's files there, or set allow_leak: true if you vouch for the rows");
        TokenizedFile.Read(path, (place, row) => (Place: place, Row: row, Leaks: reader?.Admit(place.ToString(), row, leaks?.Check) ?? []), done =>
        {
            if (done.Leaks.Count > 0) leaks!.Value.Report.Add(done.Leaks);
            inspection.Train?.See(done.Place, done.Row, null);
            store.Add(done.Row);
        });
        if (store.Count == 0) throw new UserErrorException($"{path}: the file has no rows");
    }

    /// <summary>All names are checked before the first file is read.</summary>
    DatasetEntry[] Entries(IReadOnlyList<string> names, RowSurvey? survey = null)
    {
        if (names.Count == 0 || RowSurvey.Read(survey, () => DatasetRegistry.Open(settings.DatasetDir, inspection.HubFiles)) is not { } registry) return [];
        return [.. names.Select(name => RowSurvey.Read(survey, () => registry.Get(name))).OfType<DatasetEntry>()];
    }

    /// <summary>The rows as they were kept, or else encoded, and kept where nothing speaks against it.</summary>
    RowStore ReadCached(IReadOnlyList<string> names, RowSurvey? survey, IReadOnlyList<PlacedQuestion> questions, (LeakCheck Check, LeakReport Report)? leaks)
    {
        var entries = Entries(names, survey);
        if (inspection is not { Cache: { } cache, Encoder: { } made } || survey is null || SourceBytes(entries) < cache.SmallestSource)
            return Fill(store => Encode(entries, store, survey, leaks, warn));

        // First, so that a file which changes while the key is made does not have the stamp of what the key does not say.
        var files = Stamps(entries);
        var key = RowsKey.Of(entries, settings, stage, seed, made, questions);
        if (!settings.OverwriteCache && cache.Find(key) is { } kept)
        {
            survey.Take(kept.Remarks.Findings!);
            foreach (var warning in kept.Remarks.Warnings) warn(warning);
            return new(kept);
        }
        List<string> warnings = [];
        var store = Fill(store => Encode(entries, store, survey, leaks, warnings.Add));
        foreach (var warning in warnings) warn(warning);
        // Only rows nothing is wrong with, of files that are still what the key says.
        if (IsClean(survey, leaks) && leaks?.Report.Count is null or 0 && Stamps(entries).SequenceEqual(files)) cache.Keep(key, store, new(warnings, survey.Findings));
        return store;
    }

    bool IsClean(RowSurvey? survey, (LeakCheck Check, LeakReport Report)? leaks) =>
        survey is null || (survey.Findings is { Refused.Count: 0, Broken.Count: 0 } && (settings.AllowLeak || leaks?.Report.Count is null or 0));

    static long SourceBytes(IEnumerable<DatasetEntry> entries) => Stamps(entries).Sum(file => file.Length);

    static List<(string Path, long Length, DateTime Written)> Stamps(IEnumerable<DatasetEntry> entries) =>
    [
        .. entries.SelectMany(entry => entry.Files ?? DataFile.FilesOf(entry.Path)).Where(File.Exists)
            .Select(path => (path, new FileInfo(path).Length, File.GetLastWriteTimeUtc(path))),
    ];

    void Encode(DatasetEntry[] entries, RowStore store, RowSurvey? survey, (LeakCheck Check, LeakReport Report)? leaks, Action<string> tell)
    {
        var pieces = new PieceCutter(settings.CutoffLen, store.Add);
        var (isText, isCutIntoPieces) = (stage == Stage.Pt, stage == Stage.Pt && (settings.Packing ?? true));
        Action<TokenRow> add = isCutIntoPieces ? row => pieces.Add(row.InputIds) : store.Add;
        foreach (var entry in entries)
        {
            var dataset = new Dataset(entry) { Leaks = leaks, Survey = survey };
            RowSurvey.Read(survey, () =>
            {
                Func<Conversation, TokenRow> encode = isText && !isCutIntoPieces ? text => Cut(encoder.Value.Encode(text)) : encoder.Value.Encode;
                dataset.Encode(settings.MaxSamples, seed, needsAnswer: !isText, encode, add, tell);
                return entry;
            });
        }
        pieces.Finish();
    }

    TokenRow Cut(TokenRow row) => row.InputIds.Length <= settings.CutoffLen
        ? row
        : new(row.InputIds[..settings.CutoffLen], row.Labels[..settings.CutoffLen]) { CutTokens = row.InputIds.Length - settings.CutoffLen };
}
