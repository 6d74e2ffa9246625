namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Tells which of many equal tasks of a scheduler a process is: of a Slurm array, or of a Kubernetes Indexed Job.</summary>
/// <param name="Index">The task's number, from 0.</param>
/// <param name="Count">The number of tasks; null where the scheduler does not tell.</param>
/// <param name="Scheduler">The scheduler's word for such tasks, for messages.</param>
sealed record ArrayTask(int Index, int? Count, string Scheduler)
{
    const string Slurm = "SLURM_ARRAY_TASK_ID", Kubernetes = "JOB_COMPLETION_INDEX";

    /// <summary>Finds what a scheduler says in the environment.</summary>
    /// <param name="environment">Returns a variable's value; null where there is none.</param>
    /// <returns>Null where the process is no such task.</returns>
    /// <exception cref="UserErrorException">A variable of the scheduler is no number.</exception>
    public static ArrayTask? Of(Func<string, string?> environment)
    {
        if (Number(Slurm) is { } id)
        {
            var (least, step) = (Number("SLURM_ARRAY_TASK_MIN") ?? 0, Math.Max(1, Number("SLURM_ARRAY_TASK_STEP") ?? 1));
            return new((id - least) / step, Number("SLURM_ARRAY_TASK_COUNT"), "Slurm array");
        }
        return Number(Kubernetes) is { } index ? new(index, null, "Indexed Job") : null;

        int? Number(string name)
        {
            if (environment(name) is not { Length: > 0 } value) return null;
            return int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number
                : throw new UserErrorException($"{name} is \"{value}\", which is no number; give --shards and --shard");
        }
    }
}
