using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Classifies a shard of a table: one part, and its record. A part that is there, whole and of this run, is left alone.</summary>
static class ShardJob
{
    /// <summary>Finds the shard that is wanted; null where the whole table is.</summary>
    /// <remarks>
    /// A task of a scheduler's array does a shard where the output is a folder, as parts need one; where it is a table, the task has a
    /// table of its own.
    /// </remarks>
    /// <exception cref="UserErrorException">The numbers do not fit together.</exception>
    public static Shard? Wanted(SettingsFile settings, int? shards, int? shard, ArrayTask? task)
    {
        var isImplied = task is not null && settings.Classify is { Text: null, Output: { } output } && ClassifyTable.NamesFolder(output);
        return shards is not null || shard is not null || isImplied ? Shard.Of(shards, shard, task) : null;
    }

    /// <exception cref="UserErrorException">Input, output or model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; what was scored is kept.</exception>
    public static Bilingual Run(SettingsFile settings, Shard shard, Surroundings here, CancellationToken stop)
    {
        var table = ClassifyTable.Of(settings, shard, stop);
        var found = Classifiers.Find(settings, here);
        var run = ClassifyJob.IdentityOf(table, settings, found);
        run["all_probabilities"] = settings.Classify.AllProbabilities;
        run["output_prefix"] = settings.Classify.OutputPrefix;
        var folder = settings.Classify.Output!;
        if (IsDone(folder, shard, run))
            return ($"{table.Output} 已完成，跳过", $"{table.Output} is done; nothing to do");

        var summary = ClassifyJob.Run(table, settings, found, here, stop);
        run[ClassifyJob.ComputedIn] = summary.ComputedIn;
        new PartRecord
        {
            Shard = shard.Index,
            Shards = shard.Count,
            FirstRow = table.Range!.Value.First,
            Rows = summary.Rows,
            InputRows = table.Survey!.Rows,
            Output = Path.GetFileName(table.Output),
            OutputDigest = FileFingerprint.Of(table.Output),
            Run = run,
            Columns = [.. table.Survey.Columns, .. table.Added(settings.Classify, found.Source.Set(null))],
            Totals = new(summary.Counts.ToDictionary(), summary.Abstained, summary.Errors, Math.Round(summary.Duration.TotalSeconds, 3)),
        }.Write(folder);
        return summary.Text(table.Output);
    }

    static bool IsDone(string folder, Shard shard, JsonObject run)
    {
        var path = PartRecord.PathIn(folder, shard);
        if (!File.Exists(path)) return false;
        try
        {
            var record = PartRecord.Read(path);
            record.Run.Remove(ClassifyJob.ComputedIn); // the merge compares it
            return new Shard(record.Shard, record.Shards) == shard && JsonNode.DeepEquals(record.Run, run) && record.Fits(folder);
        }
        catch (UserErrorException)
        {
            return false; // no record that is read here: the part is made again
        }
    }
}
