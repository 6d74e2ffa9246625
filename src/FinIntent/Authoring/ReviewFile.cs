using CsvHelper;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>A table of the rows about which writer and judge disagree, for a person to decide.</summary>
/// <remarks>The column "decision" takes the intent, or "drop". The question may be mended.</remarks>
static class ReviewFile
{
    const string Drop = "drop";

    static readonly string[] Columns = ["id", "question", "written_as", "judged_as", "reason", "decision"];

    public static void Write(string path, AuthoredSet set) => AtomicFile.Write(path, stream =>
    {
        // Spreadsheets take a file without the mark for one in a local encoding.
        stream.Write(Encoding.UTF8.Preamble);
        using var csv = CsvWriter.Create(new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true), leaveOpen: false);
        Row(csv, Columns);
        foreach (var row in set.Aside)
        {
            var judged = row.Judged is null ? "" : row.Judged.Verdict.Intent is { } intent ? set.Plan.Intents[intent] : "–";
            var (written, reason) = (set.Plan.Intents[row.Written.Intent], row.Judged?.Verdict.Reason ?? "the judge gave no verdict");
            Row(csv, [row.Written.Id, row.Written.Question, written, judged, reason, ""]);
        }
    });

    static void Row(CsvWriter csv, IEnumerable<string> fields)
    {
        foreach (var field in fields) csv.WriteField(field);
        csv.EndRecord();
    }

    /// <summary>Reads the decisions of a review file that are new, for the journal.</summary>
    /// <exception cref="UserErrorException">A decision names no intent, or a mended question may not be a row.</exception>
    public static IReadOnlyList<JournalRecord> Read(
        string path, AuthoredSet set, IntentSchema schema, QuestionCheck check, int round, DateTimeOffset time)
    {
        Dictionary<string, JournalRecord> decisions = [];
        foreach (var row in DataFile.Read(path))
        {
            string Text(string key) => row.Text(key)?.Trim() ?? "";
            var (id, decision, question) = (Text("id"), Text("decision"), Text("question"));
            if (decision.Length == 0 || set.IsDecided(id)) continue;
            if (set.AsideOf(id) is not { } aside)
                throw new UserErrorException(
                    $"{row.Place}: there is no row \"{id}\" to decide about; leave the column id as review.csv has it");
            string? intent = null;
            if (!decision.Equals(Drop, StringComparison.OrdinalIgnoreCase))
            {
                intent = Intent(decision, schema, row.Place);
                if (question != aside.Written.Question && (check.Of(question) is not null || set.Repeats(question) || IsTaken(question)))
                    throw new UserErrorException($"{row.Place}: \"{question}\" cannot be a row " +
                        $"({Words(check.Of(question) ?? Rejection.Duplicate)}); mend it, or decide \"{Drop}\"");
            }
            decisions[id] = new(JournalKind.Decision, id, time) { Question = question, Intent = intent, Round = round };
        }
        return [.. decisions.Values];

        // A row of this file that is decided already may have it.
        bool IsTaken(string question) => decisions.Values.Any(d => d.Intent is not null && d.Question is { } taken
            && (taken == question || BigramIndex.Similarity(taken, question) >= BigramIndex.Threshold));
    }

    /// <summary>Returns a rejection's name as the card and the messages say it.</summary>
    public static string Words(Rejection why) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(why.ToString());

    static string Intent(string decision, IntentSchema schema, string place)
    {
        if (schema.LabelFor(decision) is { } label) return schema.Options.First(o => o.Label == label).Name;
        string[] words = [.. schema.Options.Select(o => o.Name), Drop];
        throw new UserErrorException(
            $"{place}: decision: \"{decision}\" is no intent of the schema and not \"{Drop}\"{EditDistance.Hint(decision, words)}");
    }
}
