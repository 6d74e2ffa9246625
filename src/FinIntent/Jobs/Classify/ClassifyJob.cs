using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Classification;
using FinIntent.Data.Rows;
using FinIntent.Data.Tables;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Lora;
using FinIntent.Settings;
using static System.FormattableString;
using Found = (FinIntent.Classification.ClassifierSource Source, string? Calibration);

namespace FinIntent.Jobs.Classify;

/// <summary>`finintent classify`: tells the intents of a table of texts, or of one text.</summary>
static class ClassifyJob
{
    /// <summary>The key of the type that the model computed in, which a loaded model knows.</summary>
    internal const string ComputedIn = "computed_in";

    static readonly TimeSpan TellsEvery = TimeSpan.FromSeconds(10);

    /// <summary>Classifies one text, the key text.</summary>
    public static IntentResult One(SettingsFile settings, Surroundings here)
    {
        var (source, _) = Classifiers.Find(settings, here);
        using var model = ClassifierModel.Load(source, here.Device.Value);
        var ready = model.Encode(settings.Classify.Text!, model.Set(null));
        return model.AnswerOf(ready, model.Scorer.Read([ready.Question])[0]).ResultIn(ready.Set);
    }

    /// <summary>Classifies the rows of input and writes output. A run that was ended goes on where it was.</summary>
    /// <exception cref="UserErrorException">Input, output or model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; what was scored is kept.</exception>
    public static Bilingual Run(SettingsFile settings, Surroundings here, CancellationToken stop)
    {
        var table = ClassifyTable.Of(settings, stop);
        var summary = Run(table, settings, Classifiers.Find(settings, here), here, stop);
        return summary.Text(table.IsToPipe ? "standard output" : table.Output);
    }

    /// <summary>Classifies the rows of a table, or a shard's.</summary>
    /// <param name="found">The model, and the folder of its calibration.</param>
    internal static ClassifySummary Run(
        ClassifyTable table, SettingsFile settings, Found found, Surroundings here, CancellationToken stop)
    {
        var asked = settings.Classify;
        var set = found.Source.Set(null);
        var added = table.Added(asked, set);
        using var held = table.IsToPipe ? null : OutputPlace.File(table.Output, "output").Lock("classify");
        using var model = ClassifierModel.Load(found.Source, here.Device.Value);
        using var log = LogOf(table, settings, found, model);
        var rows = table.IsFromPipe ? new PipedRows(here.Input()) : null;
        var pipeline = new ClassifyPipeline(model, new(set, table.TextColumn, asked.CacheMb * 1_000_000L), log)
        {
            IsPausing = rows is null ? null : () => rows.IsPausing,
        };
        var summary = new ClassifySummary(set);
        var progress = new Progress(here, table.Rows);
        var cells = new Data.Tables.Cell[added.Count];
        WriteTo(table, here, added, writer => pipeline.Run(Rows, (row, answer, error) =>
        {
            ClassifyTable.Fill(cells, answer, error, set, asked.AllProbabilities);
            writer.Write(row, cells);
            if (table.IsToPipe && pipeline.IsIdle) writer.Flush();
            summary.Add(answer?.Best, answer?.Reason is not null);
            progress.Tell(summary.Rows);
        }, stop));
        log?.Delete();
        (summary.Scored, summary.Duration, summary.ComputedIn) = (pipeline.Scored, progress.Elapsed, model.Chat.Model.FormatName);
        return summary;

        IEnumerable<SourceRow> Rows(CancellationToken ended) => rows?.Read(ended).Select(row => table.Checked(row, added)) ?? table.Read();
    }

    /// <summary>
    /// Opens the output, and completes it behind what <paramref name="write"/> writes. A file is there whole or not at all.
    /// </summary>
    static void WriteTo(ClassifyTable table, Surroundings here, IReadOnlyList<TableColumn> added, Action<TableWriter> write)
    {
        using var file = table.IsToPipe ? null : AtomicFile.Begin(table.Output);
        using var stream = file is null ? here.RawOutput() : null;
        using (var writer = TableWriter.Open(file?.Stream ?? stream!, table.OutputType, table.Survey?.Columns ?? [], added))
        {
            write(writer);
            writer.Finish();
        }
        file?.Commit();
    }

    /// <summary>Opens the answers of an earlier run, beside the output; null where there can be none.</summary>
    static AnswerLog? LogOf(ClassifyTable table, SettingsFile settings, Found found, ClassifierModel model)
    {
        if (table.IsFromPipe || table.IsToPipe) return null;
        var (path, identity) = (Path.GetFullPath(table.Output), IdentityOf(table, settings, found));
        // Another machine may compute in another type, and its bits would be others.
        identity[ComputedIn] = model.Chat.Model.FormatName;
        return AnswerLog.Open(Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.answers"), identity);
    }

    /// <summary>Returns all that the answers depend on.</summary>
    internal static JsonObject IdentityOf(ClassifyTable table, SettingsFile settings, Found found)
    {
        var chat = found.Source.Chat;
        return new()
        {
            ["base_fingerprint"] = ModelFingerprint.Of(chat.Model),
            ["adapter_fingerprints"] =
                new JsonArray([.. chat.Adapters.Select(a => (JsonNode)FileFingerprint.Of(LoraAdapters.WeightsPath(a)))]),
            ["base_format"] = chat.Format?.Name,
            ["infer_dtype"] = settings.Model.InferDtype.ToString(),
            ["template"] = chat.TemplateName,
            ["default_system"] = chat.DefaultSystem,
            ["label_set"] = found.Source.Set(null).ToJson(),
            ["calibration"] = found.Calibration is { } folder ? FileFingerprint.Of(CalibrationFile.PathIn(folder)) : null,
            ["input"] = new JsonArray([.. DataFile.FilesOf(table.Input).Select(f => (JsonNode)FileFingerprint.Of(f))]),
            ["text_column"] = table.TextColumn,
            ["scoring_tokens"] = found.Source.MaxTokensPerForward,
            ["cache_mb"] = settings.Classify.CacheMb,
        };
    }

    /// <summary>Tells now and then how far a run is.</summary>
    sealed class Progress(Surroundings here, long? all)
    {
        readonly long _began = here.Time.GetTimestamp();
        TimeSpan _told;

        public TimeSpan Elapsed => here.Time.GetElapsedTime(_began);

        public void Tell(long rows)
        {
            var now = Elapsed;
            if (now - _told < TellsEvery) return;
            _told = now;
            var rate = rows / _told.TotalSeconds;
            var left = all is { } count ? $"  left {TerminalText.Clock(TimeSpan.FromSeconds((count - rows) / rate))}" : "";
            here.Tell(Invariant($"{rows:n0}{(all is null ? "" : $"/{all:n0}")} rows  {rate:n0} rows/s{left}"));
        }
    }
}
