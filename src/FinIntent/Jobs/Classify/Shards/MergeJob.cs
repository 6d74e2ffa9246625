using FinIntent.Data.Rows;
using FinIntent.Data.Tables;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using static System.FormattableString;

namespace FinIntent.Jobs.Classify.Shards;

/// <summary>What a merge made.</summary>
/// <param name="Table">The path of the table.</param>
/// <param name="Rows">The number of its rows.</param>
sealed record Merged(string Table, string Summary, long Rows, int Shards, ClassifyTotals Totals)
{
    double AbstainedPercent => Rows == 0 ? 0 : 100.0 * Totals.Abstained / Rows;

    /// <summary>Says in a few lines what the table holds.</summary>
    public Bilingual Text()
    {
        var width = Totals.Intents.Keys.Select(TerminalText.Width).DefaultIfEmpty().Max();
        var intents = string.Concat(Totals.Intents.Select(i => Invariant($"  {TerminalText.PadRight(i.Key, width)}  {i.Value:n0}\n")));
        return (
            Invariant($"{Rows:n0} 行，{Shards} 片，弃权 {AbstainedPercent:f1} %，出错 {Totals.Errors:n0} 行，各片用时共 {Totals.Seconds:n0} 秒\n") +
                $"{intents}-> {Table}, {Summary}",
            Invariant($"{Rows:n0} rows of {Shards} shards, {AbstainedPercent:f1} % abstained, {Totals.Errors:n0} with an error, ") +
                Invariant($"{Totals.Seconds:n0} s in all shards\n") + $"{intents}-> {Table}, {Summary}");
    }
}

/// <summary>Checks the parts that shards wrote into a folder and makes one table of them, merged.EXT, and summary.json.</summary>
static class MergeJob
{
    const string TableName = "merged", SummaryName = "summary.json";
    const int MostNamed = 10;

    /// <exception cref="UserErrorException">A part is missing, is not what its record says, or is of another run.</exception>
    public static Merged Run(string folder, CancellationToken stop)
    {
        var records = Read(folder);
        CheckOneRun(folder, records);
        foreach (var record in records)
        {
            stop.ThrowIfCancellationRequested();
            if (!record.Fits(folder))
                throw new UserErrorException($"{Path.Combine(folder, record.Output)} is missing or is not what " +
                    $"{PartRecord.PathIn(folder, ShardOf(record))} says; run shard {record.Shard} of {record.Shards} again");
        }
        var table = Path.Combine(folder, TableName + Path.GetExtension(records[0].Output));
        var rows = Join(folder, records, table, stop);
        if (rows != records[0].InputRows)
            throw new UserErrorException(
                $"{folder}: the parts have {rows} rows, and the input {records[0].InputRows}; run the shards again");
        var totals = ClassifyTotals.Sum([.. records.Select(record => record.Totals)]);
        var merged = new Merged(table, Path.Combine(folder, SummaryName), rows, records.Count, totals);
        JsonFile.Write(merged.Summary, Summary(merged, records[0]), FormatVersion.Merge);
        return merged;
    }

    static Shard ShardOf(PartRecord record) => new(record.Shard, record.Shards);

    static List<PartRecord> Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new UserErrorException($"{folder}: no such folder");
        var files = Directory.GetFiles(folder, "part-*-of-*.done").Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new UserErrorException($"{folder}: no part-*.done is in it; run the shards first");
        List<PartRecord> records = [.. files.Select(PartRecord.Read)];
        foreach (var (file, record) in files.Zip(records))
            if (file != PartRecord.PathIn(folder, ShardOf(record)))
                throw new UserErrorException($"{file}: it is the record of {ShardOf(record).Name}; give it that name back, or remove it");
        var counts = records.Select(record => record.Shards).Distinct().ToList();
        if (counts.Count > 1)
            throw new UserErrorException($"{folder}: it has parts of {string.Join(" and of ", counts)} shards; " +
                "remove those of the division that is not wanted");
        int[] missing = [.. Enumerable.Range(0, counts[0]).Except(records.Select(record => record.Shard))];
        if (missing.Length > 0)
            throw new UserErrorException($"{folder}: {missing.Length} of {counts[0]} shards have no record: " +
                $"{string.Join(", ", missing.Take(MostNamed))}{(missing.Length > MostNamed ? " …" : "")}; run them");
        return records;
    }

    static void CheckOneRun(string folder, List<PartRecord> records)
    {
        var first = records[0];
        foreach (var record in records.Skip(1))
        {
            var (at, other) = (PartRecord.PathIn(folder, ShardOf(first)), PartRecord.PathIn(folder, ShardOf(record)));
            foreach (var key in first.Run.Select(k => k.Key).Union(record.Run.Select(k => k.Key)))
                if (!JsonNode.DeepEquals(first.Run[key], record.Run[key]))
                    throw new UserErrorException($"{key} is {Text(first.Run[key])} in {at} and {Text(record.Run[key])} in {other}; " +
                        (key == ClassifyJob.ComputedIn ? "give all shards one infer_dtype"
                            : "run the shards again whose value is not wanted"));
            if (record.InputRows != first.InputRows || !record.Columns.SequenceEqual(first.Columns))
                throw new UserErrorException($"{at} and {other} are not of one table; run the shards again");
        }
        foreach (var record in records)
            if ((record.FirstRow, record.Rows) != ShardOf(record).RowsOf(first.InputRows))
                throw new UserErrorException($"{PartRecord.PathIn(folder, ShardOf(record))}: its {record.Rows} rows from " +
                    $"{record.FirstRow} are not those of the shard; run shard {record.Shard} again");
    }

    static string Text(JsonNode? value) => value?.ToJsonString(JsonFile.Line) ?? "unset";

    static long Join(string folder, List<PartRecord> records, string table, CancellationToken stop)
    {
        var rows = 0L;
        AtomicFile.Write(table, stream =>
        {
            using var writer = TableWriter.Open(stream, Path.GetExtension(table), records[0].Columns, []);
            foreach (var row in records.SelectMany(record => DataFile.ReadCopied(Path.Combine(folder, record.Output))))
            {
                stop.ThrowIfCancellationRequested();
                writer.Write(row, []);
                rows++;
            }
            writer.Finish();
        });
        return rows;
    }

    static JsonObject Summary(Merged merged, PartRecord first) => new()
    {
        ["table"] = Path.GetFileName(merged.Table),
        ["table_digest"] = FileFingerprint.Of(merged.Table),
        ["rows"] = merged.Rows,
        ["shards"] = merged.Shards,
        ["intents"] = new JsonObject(merged.Totals.Intents.Select(intent => KeyValuePair.Create(intent.Key, (JsonNode?)intent.Value))),
        ["abstained"] = merged.Totals.Abstained,
        ["abstained_share"] = merged.Rows == 0 ? 0 : Math.Round((double)merged.Totals.Abstained / merged.Rows, 6),
        ["errors"] = merged.Totals.Errors,
        ["seconds"] = merged.Totals.Seconds,
        ["run"] = first.Run.DeepClone(),
    };
}
