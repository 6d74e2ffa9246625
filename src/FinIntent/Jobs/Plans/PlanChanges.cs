using FinIntent.Settings;
using FinIntent.Training.Memory;

namespace FinIntent.Jobs.Plans;

/// <summary>Is a change of settings and what it leads to.</summary>
/// <param name="Words">Keys and values, as they stand in a settings file.</param>
sealed record PlanChange(string Words, TrainingPlan Plan);

/// <summary>Finds the smallest changes that make a run fit; those that change the result least come first.</summary>
sealed class PlanChanges(Planner planner)
{
    // A row shorter than LeastCutoff is none any more; Most changes are made together.
    const int LeastCutoff = 64, Most = 3;

    sealed record Step(Func<SettingsFile, bool> Applies, Func<SettingsFile, (string Words, SettingsFile Settings)?> Make);

    IReadOnlyList<Step> Steps => field ??=
    [
        new(s => s.Train.MaxTokensPerForward is not null, s =>
            ("max_tokens_per_forward left out", s with { Train = s.Train with { MaxTokensPerForward = null } })),
        new(s => s.Model.DisableGradientCheckpointing && IsLora(s),
            s => ("disable_gradient_checkpointing: false", s with { Model = s.Model with { DisableGradientCheckpointing = false } })),
        new(s => !s.Train.Bf16 && !s.Train.Fp16, s => ("bf16: true", s with { Train = s.Train with { Bf16 = true } })),
        new(s => IsLora(s) && (s.Model.QuantizationBit ?? 16) > 8, s => ("quantization_bit: 8", Quantized(s, 8))),
        new(s => IsLora(s) && (s.Model.QuantizationBit ?? 16) > 4, s => ("quantization_bit: 4", Quantized(s, 4))),
        new(s => !IsLora(s) && !s.Method.PureBf16 && s.Train.Bf16, s =>
            ("pure_bf16: true", s with { Method = s.Method with { PureBf16 = true } })),
        new(s => !IsLora(s), s =>
            ("finetuning_type: lora", s with { Method = s.Method with { FinetuningType = FinetuningType.Lora, PureBf16 = false } })),
        new(_ => true, Shorter),
    ];

    static bool IsLora(SettingsFile s) => s.Method.FinetuningType == FinetuningType.Lora;

    static SettingsFile Quantized(SettingsFile s, int bits) =>
        s with { Model = s.Model with { QuantizationBit = bits, QuantizationMethod = QuantizationMethod.Bnb } };

    /// <summary>Returns the longest cutoff_len that fits.</summary>
    (string, SettingsFile)? Shorter(SettingsFile s)
    {
        int low = 0, high = (Math.Min(s.Dataset.CutoffLen, planner.Rows.Lengths.Longest) - 1) / LeastCutoff;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (planner.Plan(At(middle)).Fits) low = middle;
            else high = middle - 1;
        }
        return low == 0 ? null : (string.Create(CultureInfo.InvariantCulture, $"cutoff_len: {low * LeastCutoff}"), At(low));

        SettingsFile At(int step) => s with { Dataset = s.Dataset with { CutoffLen = step * LeastCutoff } };
    }

    /// <summary>Returns single changes that make it fit, else pairs, else triples; when nothing does, the one that needs least.</summary>
    public IReadOnlyList<PlanChange> Find()
    {
        PlanChange? least = null;
        for (var count = 1; count <= Most; count++)
        {
            var changes = Choices(count, 0).Select(Change).OfType<PlanChange>().ToList();
            var found = changes.Where(change => change.Plan.Fits).ToList();
            if (found.Count > 0) return found;
            least = changes.Append(least).OfType<PlanChange>().MinBy(change => change.Plan.Peak);
        }
        return least is null ? [] : [least];
    }

    IEnumerable<Step[]> Choices(int count, int first) => count == 0
        ? [[]]
        : Enumerable.Range(first, Steps.Count - first).SelectMany(i =>
            Choices(count - 1, i + 1).Select(rest => (Step[])[Steps[i], .. rest]));

    PlanChange? Change(Step[] steps)
    {
        var settings = planner.Settings;
        var words = new List<string>();
        foreach (var step in steps)
        {
            if (!step.Applies(settings) || step.Make(settings) is not var (name, changed)) return null;
            words.Add(name);
            settings = changed;
        }
        // Two steps that undo each other are one.
        return words.Count(word => word.StartsWith("quantization_bit", StringComparison.Ordinal)) > 1 ? null
            : new(string.Join(", ", words), planner.Plan(settings));
    }
}
