using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>Writes a run's files besides its journal, anew after every round.</summary>
/// <param name="ValidationShare">The share of the rows for val.json; 0 puts all into rows.json.</param>
/// <param name="IsPriced">True: prices are given, so costs are known.</param>
/// <param name="Warn">It is told what could not be made.</param>
sealed record AuthoredFiles(string Folder, IntentSchema Schema, double ValidationShare, bool IsPriced, int Seed, Action<string> Warn)
{
    public void Write(AuthoredSet set, Journal journal, Amount spent, Stopped? stopped)
    {
        var files = Split(set);
        foreach (var (name, rows) in files) AlpacaFile.Write(Path.Combine(Folder, name), [.. rows.Select(Question)]);
        var names = files.Select(file =>
            KeyValuePair.Create<string, JsonNode?>(DatasetName(file.Name), new JsonObject { ["file_name"] = file.Name }));
        JsonFile.Write(Path.Combine(Folder, "dataset_info.json"), new JsonObject(names));
        var lines = files.SelectMany(file => file.Rows.Select(row => Provenance(row, file.Name).ToJsonString(JsonFile.Line) + "\n"));
        AtomicFile.WriteText(Path.Combine(Folder, "provenance.jsonl"), string.Concat(lines));
        ReviewFile.Write(Path.Combine(Folder, "review.csv"), set);
        Optional.Try("the dataset card", () =>
        {
            var card = new AuthoredCard(this, set, journal, spent, stopped)
                .Text([.. files.Select(f => (f.Name, DatasetName(f.Name), f.Rows))]);
            AtomicFile.WriteText(Path.Combine(Folder, "README.md"), card);
        }, Warn);
    }

    /// <summary>Returns the rows of each file, every intent divided alike, in the order they were accepted.</summary>
    IReadOnlyList<(string Name, IReadOnlyList<AuthoredRow> Rows)> Split(AuthoredSet set)
    {
        if (ValidationShare == 0) return [("rows.json", set.Rows)];
        var parts = Split([.. set.Rows.Select(row => (row.Question, row.Intent))]);
        return [("train.json", RowsOf(SplitPart.Train)), ("val.json", RowsOf(SplitPart.Val))];

        AuthoredRow[] RowsOf(SplitPart part) => [.. set.Rows.Where((_, i) => parts[i] == part)];
    }

    /// <summary>Draws ValidationShare of all rows, divided among the intents by their rows; near duplicates stay together.</summary>
    /// <remarks>Only a person's decision lets near duplicates in.</remarks>
    internal SplitPart[] Split(IReadOnlyList<(string Question, int Intent)> rows)
    {
        var intents = Enumerable.Range(0, Schema.Intents.Count).ToArray();
        var counts = intents.Select(intent => (double)rows.Count(row => row.Intent == intent)).ToList();
        var wanted = Apportionment.Of(counts, (int)Math.Round(rows.Count * ValidationShare));
        var numbers = NearDuplicates.Groups([.. rows.Select(row => row.Question)]);
        var groups = numbers.Index().ToLookup(row => row.Item, row => row.Index);
        var drawn = intents.SelectMany(intent =>
        {
            int[] own = [.. rows.Index().Where(row => row.Item.Intent == intent).Select(row => row.Index)];
            new Random(unchecked(Seed * 31 + intent)).Shuffle(own);
            return own;
        });
        return RowSplit.Take(drawn.Select(row => numbers[row]).Distinct().Select(number => groups[number].ToArray()),
            [.. rows.Select(row => Schema.Intents[row.Intent].Name)],
            new() { [SplitPart.Val] = intents.ToDictionary(intent => Schema.Intents[intent].Name, intent => wanted[intent]) });
    }

    string DatasetName(string file) => file == "rows.json" ? Schema.Name : $"{Schema.Name}_{Path.GetFileNameWithoutExtension(file)}";

    EvaluationQuestion Question(AuthoredRow row) =>
        new(row.Written.Id, row.Question, Schema.Options, Schema.Options[row.Intent].Label, Schema.Prompt(row.Question));

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
