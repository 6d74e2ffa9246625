using FinIntent.Settings;
using FinIntent.Training.Memory;
using static System.FormattableString;

namespace FinIntent.Jobs.Plans;

/// <summary>Writes a plan in words.</summary>
static class PlanText
{
    const string NoBatch = "per_device_train_batch_size and gradient_accumulation_steps need no change: " +
        "the rows of an update go through in as many forwards as it takes.";

    public static void Write(TextWriter console, Planner planner)
    {
        var (plan, settings) = (planner.Plan(), planner.Settings);
        console.WriteLine($"{settings.Model.ModelNameOrPath}, {Method(settings)}, on {plan.Target.Name}");
        console.WriteLine();
        Line("weights", plan.Model.Weights, plan.Base);
        if (plan.Model.Trained > 0) Line("adapters", plan.Model.Trained, $"{plan.Parameters:N0} numbers in fp32");
        Line("optimizer", plan.Model.Optimizer, plan.Model.Trained > 0 ? "gradients and two moments"
            : $"gradients and two moments of {plan.Parameters:N0} numbers");
        Line("activations", plan.ActivationBytes, plan.Forward.ActivationBytes >= plan.Model.Update
            ? $"of a forward and its backward, {plan.Forward.Tokens:N0} tokens"
            : "what the optimizer holds for a moment, more than activations");
        Line(plan.Target.IsCpu ? "program" : "CUDA", plan.Target.Context, plan.Target.IsCpu ? "code and threads" : "context and libraries");
        Line("peak", plan.Peak, plan.Fits ? "fits"
            : $"DOES NOT FIT in {PlanTarget.Gigabytes(plan.Target.Bytes)}, of which " +
            $"{PlanTarget.Gigabytes(plan.Target.Margin(plan.Target.Context + plan.Model.Total))} stay free");
        console.WriteLine();
        console.WriteLine($"forward: {plan.Forward.Plan}: {plan.Forward.Reason}");
        console.WriteLine($"rows: {Rows(plan)}{(planner.Rows.Note is { } note ? $" ({note})" : "")}");
        console.WriteLine($"time: {Time(plan)}");
        if (!plan.Fits) WriteChanges(console, planner);

        void Line(string name, long bytes, string words) => console.WriteLine(Invariant($"  {name,-12}{bytes / 1e9,7:f2} GB  {words}"));
    }

    static void WriteChanges(TextWriter console, Planner planner)
    {
        var changes = new PlanChanges(planner).Find();
        console.WriteLine();
        if (changes is [{ Plan.Fits: false } least])
        {
            var peak = PlanTarget.Gigabytes(least.Plan.Peak);
            console.WriteLine($"No change makes it fit. The least is {least.Words}  (peak {peak}); it needs a larger GPU.");
            return;
        }
        console.WriteLine("Any of these makes it fit:");
        foreach (var change in changes)
            console.WriteLine($"  {change.Words}  (peak {PlanTarget.Gigabytes(change.Plan.Peak)}; " +
                $"{change.Plan.Forward.Plan}{(change.Plan.EpochTime is { } time ? $"; {Duration(time)} an epoch" : "")})");
        console.WriteLine(NoBatch);
    }

    static string Method(SettingsFile settings)
    {
        var method = settings.Method;
        var name = method.FinetuningType switch
        {
            FinetuningType.Lora => $"LoRA of rank {method.LoraRank} on {string.Join(", ", method.LoraTarget)}",
            FinetuningType.Freeze => $"freeze ({method.FreezeTrainableLayers} layers trained)",
            _ => method.PureBf16 ? "full, pure bf16" : "full",
        };
        return $"{name}, computed in {(settings.Train.Bf16 ? "bf16" : "fp32")}";
    }

    static string Rows(TrainingPlan plan)
    {
        var rows = plan.Rows;
        return Invariant($"{rows.Count:N0}, {rows.Mean:f0} tokens on average, {rows.Longest:N0} at most; ")
            + Invariant($"{plan.UpdatesPerEpoch:N0} updates an epoch");
    }

    static string Time(TrainingPlan plan) => plan.EpochTime is { } epoch
        ? Invariant($"about {Duration(epoch)} an epoch, {Duration(epoch * plan.Epochs)} for {plan.Epochs:0.##} ")
            + Invariant($"(estimate: {plan.Rows.Tokens / epoch.TotalSeconds:N0} tokens/s, without evaluation and saving)")
        : "not known for a GPU of which only the memory is given; name it (--gpu a10g) for an estimate";

    static string Duration(TimeSpan time) => time.TotalSeconds < 100
        ? Invariant($"{time.TotalSeconds:f0} s")
        : time.TotalMinutes < 100 ? Invariant($"{time.TotalMinutes:f0} min") : Invariant($"{time.TotalHours:f1} h");
}
