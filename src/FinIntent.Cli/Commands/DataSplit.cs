using System.CommandLine;
using System.Text.Json.Nodes;
using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Cli.Commands;

static class DataSplit
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "Labelled rows." };
        var output = new Option<string>("--out") { Description =
            $"Folder for train.json, val.json, eval.json and {DatasetRegistry.FileName}.", Required = true };
        var val = new Option<double>("--val") { Description = "Share of each class for validation.", DefaultValueFactory = _ => 0.1 };
        var eval = new Option<double>("--eval") { Description = "Share of each class for evaluation.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { Description = "Of the draw.", DefaultValueFactory = _ => 42 };
        var schema = new Option<string?>("--schema") { Description = "The file of intents, for rows that list no options." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace files that are there." };
        var command = new Command("split",
            "Divide rows into files for training, validation and evaluation: each class alike, near duplicates on one side.") { file,
            output, val, eval, seed, schema, overwrite };
        command.SetAction(arguments =>
        {
            var (valShare, evalShare) = (arguments.GetValue(val), arguments.GetValue(eval));
            if (valShare < 0 || evalShare < 0 || valShare + evalShare is <= 0 or >= 1)
                throw new UserErrorException($"--val {valShare} --eval {evalShare}: shares are 0 or more, one of them above 0, and " +
                    "together below 1, so that rows are left to train on");
            var intents = arguments.GetValue(schema) is { } path ? IntentSchema.Load(path) : null;
            var rows = QuestionFile.LoadLabelled(arguments.GetRequiredValue(file), intents);
            EvaluationNotice.Check(arguments.GetRequiredValue(file));
            if (rows.FirstOrDefault(row => OpenFinData.IsIntentItem(row.Source)) is { } official)
                throw official.Source.Error(Dataset.Refusal);
            var groups = NearDuplicates.Groups([.. rows.Select(row => row.Question)]);
            var parts = RowSplit.Of(groups, [.. rows.Select(row => row.Intent)], valShare, evalShare, arguments.GetValue(seed));
            Write(arguments.GetRequiredValue(output), rows, parts, arguments.GetValue(overwrite), arguments.InvocationConfiguration.Output);
        });
        return command;
    }

    static void Write(string folder, IReadOnlyList<LabelledRow> rows, SplitPart[] parts, bool overwrite, TextWriter console)
    {
        var files = Enum.GetValues<SplitPart>()
            .Select(part => (Part: part, Path: Path.Combine(folder, part.ToString().ToLowerInvariant() + ".json")))
            .Where(file => parts.Contains(file.Part)).ToList();
        string[] all = [.. files.Select(file => file.Path), DatasetRegistry.FileIn(folder)];
        if (!overwrite && all.FirstOrDefault(File.Exists) is { } there)
            throw new UserErrorException($"{there}: the file is there already; give another --out, or --overwrite");
        Directory.CreateDirectory(folder);
        var names = new JsonObject();
        foreach (var (part, path) in files)
        {
            List<LabelledRow> own = [.. rows.Where((_, i) => parts[i] == part)];
            AlpacaFile.Write(path, own);
            var entry = new JsonObject { ["file_name"] = Path.GetFileName(path) };
            // Training reads system texts only where the columns name them.
            if (own.Any(row => row.Conversation.System is { Length: > 0 }))
                entry["columns"] = JsonNode.Parse("""{"prompt": "instruction", "query": "input", "response": "output", "system": "system"}""");
            names[part.ToString().ToLowerInvariant()] = entry;
            var classes = own.CountBy(row => row.Intent).ToList();
            console.WriteLine($"{path}: {own.Count:N0} rows, {classes.Count} classes of {classes.Min(c => c.Value)} to " +
                $"{classes.Max(c => c.Value)}");
        }
        JsonFile.Write(DatasetRegistry.FileIn(folder), names);
    }
}
