using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs;

/// <summary>What `finintent data split` is to do.</summary>
/// <param name="Schema">The file of the intents; null: the rows list their options.</param>
/// <param name="Validation">The share of each class for validation.</param>
/// <param name="Evaluation">The share of each class for evaluation.</param>
sealed record SplitRequest(string File, string Folder, string? Schema, double Validation, double Evaluation)
{
    public required int Seed { get; init; }

    /// <summary>Whether files that are there are replaced.</summary>
    public bool Overwrites { get; init; }
}

/// <summary>Divides a file of labelled rows into files for training, validation and evaluation.</summary>
static class SplitJob
{
    /// <param name="warn">It is told of rows without a question or answer, which are left out; null means that one is an error.</param>
    /// <returns>The rows of each file that was written, by its path.</returns>
    public static IReadOnlyList<RowFile> Run(SplitRequest request, Action<string>? warn = null)
    {
        var (val, eval) = (request.Validation, request.Evaluation);
        if (val < 0 || eval < 0 || val + eval is <= 0 or >= 1)
            throw new UserErrorException($"--val {val} --eval {eval}: shares are 0 or more, one of them above 0, and together below 1, " +
                "so that rows are left to train on");
        var rows = QuestionFile.LoadLabelled(request.File, request.Schema is { } file ? IntentSchema.Load(file) : null, null, warn);
        EvaluationNotice.Check(request.File);
        if (rows.FirstOrDefault(row => OpenFinData.IsIntentItem(row.Source)) is { } official)
            throw official.Source.Error(Dataset.Refusal);
        var groups = NearDuplicates.Groups([.. rows.Select(row => row.Asked)]);
        var parts = RowSplit.Of(groups, [.. rows.Select(row => row.Intent)], val, eval, request.Seed);
        return Write(request, rows, parts);
    }

    static List<RowFile> Write(SplitRequest request, IReadOnlyList<LabelledRow> rows, SplitPart[] parts)
    {
        var folder = request.Folder;
        List<RowFile> files = [.. Enum.GetValues<SplitPart>().Where(part => parts.Contains(part)).Select(part =>
            new RowFile(Path.Combine(folder, part.ToString().ToLowerInvariant() + ".json"), [.. rows.Where((_, i) => parts[i] == part)]))];
        string[] all = [.. files.Select(file => file.Name), DatasetRegistry.FileIn(folder)];
        if (!request.Overwrites && all.FirstOrDefault(File.Exists) is { } there)
            throw new UserErrorException($"{there}: the file is there already; give another --out, or --overwrite");
        Directory.CreateDirectory(folder);
        foreach (var file in files) AlpacaFile.Write(file.Name, file.Rows);
        var names = files.Select(file => KeyValuePair.Create(Path.GetFileNameWithoutExtension(file.Name), (JsonNode?)EntryOf(file)));
        JsonFile.Write(DatasetRegistry.FileIn(folder), new JsonObject(names));
        return files;
    }

    static JsonObject EntryOf(RowFile file)
    {
        var entry = new JsonObject { ["file_name"] = Path.GetFileName(file.Name) };
        // Training reads system texts and earlier turns only where the columns name them.
        var columns = new JsonObject { ["prompt"] = "instruction", ["query"] = "input", ["response"] = "output" };
        var usual = columns.Count;
        if (file.Rows.Any(row => row.Conversation.System is { Length: > 0 })) columns["system"] = "system";
        if (file.Rows.Any(row => row.History.Count > 0)) columns["history"] = "history";
        if (columns.Count > usual) entry["columns"] = columns;
        return entry;
    }
}
