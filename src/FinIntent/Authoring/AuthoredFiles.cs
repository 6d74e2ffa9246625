using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>What a run writes besides its journal, anew after every round.</summary>
/// <param name="ValidationShare">Of the rows, for val.json; 0: all are in rows.json.</param>
/// <param name="IsPriced">Costs are known.</param>
sealed record AuthoredFiles(string Folder, IntentSchema Schema, double ValidationShare, bool IsPriced, int Seed)
{
    static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(AuthoredSet set, Journal journal, Amount spent, Stopped? stopped)
    {
        var files = Split(set);
        foreach (var (name, rows) in files) AlpacaFile.Write(Path.Combine(Folder, name), [.. rows.Select(Question)]);
        var names = new JsonObject(files.Select(file => KeyValuePair.Create<string, JsonNode?>(DatasetName(file.Name), new JsonObject { ["file_name"] = file.Name })));
        AtomicFile.WriteText(Path.Combine(Folder, "dataset_info.json"), names.ToJsonString(new() { WriteIndented = true }) + "\n");
        AtomicFile.WriteText(Path.Combine(Folder, "provenance.jsonl"), string.Concat(files.SelectMany(file => file.Rows.Select(row => Provenance(row, file.Name).ToJsonString(Line) + "\n"))));
        ReviewFile.Write(Path.Combine(Folder, "review.csv"), set);
        AtomicFile.WriteText(Path.Combine(Folder, "README.md"), new DatasetCard(this, set, journal, spent, stopped).Text([.. files.Select(f => (f.Name, DatasetName(f.Name), f.Rows))]));
    }

    /// <summary>The rows of each file, every intent divided alike, in the order they were accepted.</summary>
    IReadOnlyList<(string Name, IReadOnlyList<AuthoredRow> Rows)> Split(AuthoredSet set)
    {
        if (ValidationShare == 0) return [("rows.json", set.Rows)];
        var counts = set.Plan.Intents.Select((_, intent) => (double)set.Rows.Count(row => row.Intent == intent)).ToList();
        var wanted = Apportionment.Of(counts, (int)Math.Round(set.Rows.Count * ValidationShare));
        HashSet<AuthoredRow> held = [];
        for (var intent = 0; intent < wanted.Length; intent++)
        {
            AuthoredRow[] rows = [.. set.Rows.Where(row => row.Intent == intent)];
            new Random(unchecked(Seed * 31 + intent)).Shuffle(rows);
            held.UnionWith(rows[..wanted[intent]]);
        }
        return [("train.json", [.. set.Rows.Where(row => !held.Contains(row))]), ("val.json", [.. set.Rows.Where(held.Contains)])];
    }

    string DatasetName(string file) => file == "rows.json" ? Schema.Name : $"{Schema.Name}_{Path.GetFileNameWithoutExtension(file)}";

    EvaluationQuestion Question(AuthoredRow row) => new(row.Written.Id, row.Question, Schema.Options, Schema.Options[row.Intent].Label, Schema.Prompt(row.Question));

    JsonObject Provenance(AuthoredRow row, string file)
    {
        var (sent, answer) = (row.Written.Sent, row.Written.Answer);
        return new()
        {
            ["id"] = row.Written.Id,
            ["file"] = file,
            ["question"] = row.Question,
            ["intent"] = Schema.Intents[row.Intent].Name,
            ["label"] = Schema.Options[row.Intent].Label,
            ["model"] = sent.Model,
            ["prompt"] = sent.Prompt,
            ["prompt_sha256"] = sent.PromptSha256,
            ["request"] = sent.Id,
            ["time"] = answer.Time.ToString("o"),
            ["style"] = row.Written.Style,
            ["written_as"] = Schema.Intents[row.Written.Intent].Name,
            ["cost"] = IsPriced ? row.Cost : null,
            ["judge"] = Verdict(row),
        };
    }

    JsonObject? Verdict(AuthoredRow row)
    {
        if (row.Judged is not { } judged) return row.IsPersons ? new() { ["verdict"] = "decided by a person" } : null;
        return new()
        {
            ["verdict"] = row.IsPersons ? "decided by a person" : "agrees",
            ["intent"] = judged.Verdict.Intent is { } intent ? Schema.Intents[intent].Name : null,
            ["reason"] = judged.Verdict.Reason,
            ["model"] = judged.Sent.Model,
            ["prompt"] = judged.Sent.Prompt,
            ["prompt_sha256"] = judged.Sent.PromptSha256,
            ["request"] = judged.Sent.Id,
            ["time"] = judged.Answer.Time.ToString("o"),
        };
    }
}
