namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Names one of the shares into which a table's rows are divided: ranges one after the other, equal but for one row.</summary>
/// <param name="Index">The share's number, from 0.</param>
/// <param name="Count">The number of shares.</param>
readonly record struct Shard(int Index, int Count)
{
    public const int Most = 99_999;

    /// <summary>The name of the share's files, without an extension.</summary>
    public string Name => $"part-{Index:D5}-of-{Count:D5}";

    /// <summary>Returns the share's rows: how many come before it, and how many it has.</summary>
    public (long First, long Count) RowsOf(long rows)
    {
        var (first, end) = ((long)((Int128)rows * Index / Count), (long)((Int128)rows * (Index + 1) / Count));
        return (first, end - first);
    }

    /// <summary>Finds the share that a process is to do.</summary>
    /// <param name="shards">The number of shares; null means as many as the scheduler has tasks.</param>
    /// <param name="shard">The share's number; null means the scheduler's for this task.</param>
    /// <param name="task">What the scheduler says; null means that there is none.</param>
    /// <exception cref="UserErrorException">A number is missing, or they do not fit together.</exception>
    public static Shard Of(int? shards, int? shard, ArrayTask? task)
    {
        var count = shards ?? task?.Count ?? throw new UserErrorException(task is null
            ? "--shards is missing: into how many shares are the rows divided?"
            : $"--shards is missing: an {task.Scheduler} does not tell how many tasks it has");
        if (count is < 1 or > Most) throw new UserErrorException($"--shards is {count}; it must lie between 1 and {Most}");
        if (shard is null && task is null)
            throw new UserErrorException($"--shard is missing: which of the {count} shares, from 0 to {count - 1}?");
        if (shard is null && task!.Count is { } tasks && tasks != count)
            throw new UserErrorException(
                $"--shards is {count}, and the {task.Scheduler} has {tasks} tasks; name the share that each does with --shard");
        var index = shard ?? task!.Index;
        if (index >= 0 && index < count) return new(index, count);
        var name = shard is null ? $"the {task!.Scheduler}'s task" : "--shard";
        throw new UserErrorException($"{name} is {index}; of {count} shards it must be from 0 to {count - 1}");
    }
}
