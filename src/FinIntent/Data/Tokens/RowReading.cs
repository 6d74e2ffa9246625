using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Says who looks at rows while they are read, and where encoded rows are kept.</summary>
sealed record RowInspection
{
    public RowSurvey? Train { get; init; }
    public RowSurvey? Validation { get; init; }

    /// <summary>Keeps encoded rows; null means that rows are encoded each time.</summary>
    public TokenCache? Cache { get; init; }

    /// <summary>Says what the encoder is made from, which a cache needs to know.</summary>
    public EncodedWith? Encoder { get; init; }

    /// <summary>The files of the data sets that come from a hub, by name.</summary>
    public HubFiles? HubFiles { get; init; }

    /// <summary>The words of intent_schema, which tell the questions inside prompts; null: there is no schema.</summary>
    public PromptWording? Wording { get; init; }
}

/// <summary>Reads rows of files into stores of tokens, and compares them with the questions that they may not repeat.</summary>
sealed class RowReading(
    DatasetSettings settings, Stage stage, int seed, Lazy<RowEncoder> encoder, Action<string> warn, Func<Tokenizer?>? tokenizer,
    RowInspection inspection)
{
    public RowStore ReadTrain()
    {
        var (path, survey, questions) = (settings.TokenizedPath, inspection.Train, Questions());
        if (Directory.Exists(path))
            throw new UserErrorException($"tokenized_path: {path} is a folder; here it is a .jsonl file of rows {{\"input_ids\": […], " +
                $"\"labels\": […]}}");
        var isRead = File.Exists(path);
        if (!isRead && settings.Dataset.Count == 0)
            throw new UserErrorException($"tokenized_path: {path}: no such file, and there is no dataset to make it from");
        var leaks = questions.Count > 0 ? new LeakWatch(questions, inspection.Wording) : null;
        var store = isRead ? Fill(store => ReadTokens(path!, store, leaks)) : ReadTexts(settings.Dataset, survey, leaks);
        if (survey is not null) survey.Leaks = leaks?.Report;
        else leaks?.Report.Settle(settings.AllowLeak, warn);
        if (!isRead && path is not null && IsClean(survey, leaks)) TokenizedFile.Write(path, store);
        return store;
    }

    public RowStore ReadValidation() => ReadTexts(settings.EvalDataset, inspection.Validation, null);

    static RowStore Fill(Action<RowStore> fill)
    {
        var store = new RowStore();
        return store.OrDispose(() =>
        {
            fill(store);
            return store;
        });
    }

    /// <summary>Reads the questions that no training row may repeat.</summary>
    List<PlacedQuestion> Questions()
    {
        List<PlacedQuestion> questions = [];
        foreach (var entry in Entries(settings.EvalDataset, inspection.Train))
            Add(() => [.. LeakCheck.Questions(new Dataset(entry).Prompts(settings.MaxSamples, seed), inspection.Wording)]);
        foreach (var file in settings.LeakCheckFiles) Add(() => LeakCheck.QuestionsOf(file, inspection.Wording));
        return questions;

        void Add(Func<IReadOnlyList<PlacedQuestion>> read) => questions.AddRange(RowSurvey.Read(inspection.Train, read) ?? []);
    }

    void ReadTokens(string path, RowStore store, LeakWatch? leaks)
    {
        var reader = tokenizer?.Invoke() is { } words ? new TokenizedQuestions(words) : null;
        if (reader is null && !settings.AllowLeak)
            throw new UserErrorException($"tokenized_path: {path}: its rows are tokens, and there is no tokenizer in the model's " +
                "folder to read them with, so nothing tells whether OpenFinData's questions, which may not be trained on, or evaluation " +
                "questions are among them; add the tokenizer's files there, or set allow_leak: true if you vouch for the rows");
        TokenizedFile.Read(path, (place, row) => (place, row, reader?.Admit(place.ToString(), row, leaks?.Check) ?? []), done =>
        {
            var (place, row, found) = done;
            if (found.Count > 0) leaks!.Report.Add(found);
            inspection.Train?.See(place, row, null);
            store.Add(row);
        });
        if (store.Count == 0) throw new UserErrorException($"{path}: the file has no rows");
    }

    /// <summary>Finds data sets by their names, all of which are checked before the first file is read.</summary>
    DatasetEntry[] Entries(IReadOnlyList<string> names, RowSurvey? survey = null)
    {
        if (names.Count == 0) return [];
        if (RowSurvey.Read(survey, () => DatasetRegistry.Open(settings.DatasetDir, inspection.HubFiles)) is not { } registry) return [];
        return [.. names.Select(name => RowSurvey.Read(survey, () => registry.Get(name))).OfType<DatasetEntry>()];
    }

    /// <summary>Takes rows as they were kept; or else encodes them, and keeps them where nothing speaks against it.</summary>
    RowStore ReadTexts(IReadOnlyList<string> names, RowSurvey? survey, LeakWatch? leaks)
    {
        var entries = Entries(names, survey);
        if (inspection is not { Cache: { } cache, Encoder: { } made } || survey is null || SourceBytes(entries) < cache.SmallestSource)
            return Fill(store => Encode(entries, store, survey, leaks, warn));

        // This comes first, so that a file which changes while the key is made does not have the stamp of what the key does not say.
        var files = Stamps(entries);
        var key = RowsKey.Of(entries, settings, stage, seed, made, leaks);
        if (!settings.OverwriteCache && cache.Find(key) is var (kept, remarks))
        {
            survey.Take(remarks.Findings!);
            foreach (var warning in remarks.Warnings) warn(warning);
            return kept;
        }
        List<string> warnings = [];
        var store = Fill(store => Encode(entries, store, survey, leaks, warnings.Add));
        foreach (var warning in warnings) warn(warning);
        // Only rows with no fault are kept, and only when their files are still what the key says.
        var isKept = IsClean(survey, leaks) && leaks?.Report.Count is null or 0 && Stamps(entries).SequenceEqual(files);
        if (isKept) cache.Keep(key, store, new(warnings, survey.Findings));
        return store;
    }

    bool IsClean(RowSurvey? survey, LeakWatch? leaks) => survey is null
        || (survey.Findings is { Refused.Count: 0, Broken.Count: 0 } && (settings.AllowLeak || leaks?.Report.Count is null or 0));

    static long SourceBytes(IEnumerable<DatasetEntry> entries) => Stamps(entries).Sum(file => file.Length);

    static List<(string Path, long Length, DateTime Written)> Stamps(IEnumerable<DatasetEntry> entries) =>
    [.. entries.SelectMany(entry => entry.Files ?? DataFile.FilesOf(entry.Path)).Where(File.Exists)
        .Select(path => (path, new FileInfo(path).Length, File.GetLastWriteTimeUtc(path)))];

    void Encode(DatasetEntry[] entries, RowStore store, RowSurvey? survey, LeakWatch? leaks, Action<string> tell)
    {
        var pieces = new PieceCutter(settings.CutoffLen, store.Add);
        var (isText, isCutIntoPieces) = (stage == Stage.Pt, RowPacking.Of(settings, stage).CutsText);
        Action<TokenRow> add = isCutIntoPieces ? row => pieces.Add(row.InputIds) : store.Add;
        Func<Conversation, TokenRow> encode = conversation => encoder.Value.Encode(conversation);
        Func<Conversation, TokenRow> encodeCut = text => Cut(encoder.Value.Encode(text));
        foreach (var entry in entries)
        {
            var dataset = new Dataset(entry) { Leaks = leaks, Survey = survey };
            RowSurvey.Read(survey, () =>
            {
                dataset.Encode(settings.MaxSamples, seed, needsAnswer: !isText, isText && !isCutIntoPieces ? encodeCut : encode, add, tell);
                return entry;
            });
        }
        pieces.Finish();
    }

    TokenRow Cut(TokenRow row) => row.InputIds.Length <= settings.CutoffLen
        ? row
        : new(row.InputIds[..settings.CutoffLen], row.Labels[..settings.CutoffLen])
        { CutTokens = row.InputIds.Length - settings.CutoffLen };
}
