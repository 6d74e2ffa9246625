using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using static System.FormattableString;
using static FinIntent.Evaluation.Reports.NumberText;

namespace FinIntent.Evaluation.Reports;

/// <summary>What a calibration found, as lines for a terminal.</summary>
static class CalibrationText
{
    public static string Of(IntentCalibration c, Language language)
    {
        var text = new StringBuilder();
        foreach (var line in Lines(c)) text.Append(line.In(language)).Append('\n');
        if (c.OutOfScope is not { } detector) return text.ToString();
        return text.Append('\n').Table(Candidates(detector), language).ToString();
    }

    static IEnumerable<Bilingual> Lines(IntentCalibration c)
    {
        var (fit, sets, rows) = (c.Fit, c.Sets, c.Sets.Rows);
        var bound = fit.IsAtBound ? new Bilingual("（已到允许的边界）", " (at the bound that is allowed)") : new("", "");
        yield return new(
            Invariant($"{rows} 行：温度 {fit.Scaling.Temperature:0.000}{bound.Chinese}，对数损失 {fit.Before:0.0000} → {fit.After:0.0000}"),
            Invariant($"{rows} rows: temperature {fit.Scaling.Temperature:0.000}{bound.English}, ") +
            Invariant($"log-loss {fit.Before:0.0000} → {fit.After:0.0000}"));
        yield return fit.WithOffsets is not { } trial
            ? new($"类别偏移：没有哪一类有 {ScalingFit.OffsetRows} 行，不用",
                $"offsets of intents: none, no intent has {ScalingFit.OffsetRows} rows")
            : new(
                Invariant($"类别偏移：{(trial.Helps ? "采用" : "不用")}，交叉验证的对数损失 {trial.Temperature:0.0000}（只有温度）、{trial.Offsets:0.0000}（加偏移）"),
                Invariant($"offsets of intents: {(trial.Helps ? "used" : "not used")}, cross-validated log-loss ") +
                Invariant($"{trial.Temperature:0.0000} with the temperature alone and {trial.Offsets:0.0000} with them"));
        yield return double.IsFinite(sets.Quantile)
            ? new(Invariant($"预测集：以 {Percent(sets.Coverage)} 的概率含正确意图；含模型概率不低于 {Math.Exp(-sets.Quantile):0.####} 的意图"),
                Invariant($"prediction sets: hold the right intent with a probability of {Percent(sets.Coverage)}; ") +
                Invariant($"they take in intents that the model gives {Math.Exp(-sets.Quantile):0.####} or more"))
            : new($"预测集：{rows} 行不足以在 {Percent(sets.Coverage)} 下排除任何意图，每个集都含全部意图",
                $"prediction sets: {rows} rows are too few to leave any intent out at {Percent(sets.Coverage)}; each holds all");
        yield return Abstained(c.Abstention);
        yield return OutOfScope(c.OutOfScope);
    }

    static Bilingual Abstained(Abstention? abstention)
    {
        if (abstention is not { } a)
            return new("弃答：不因概率低而弃答（可设 abstain_accuracy 或 abstain_coverage）",
                "withheld answers: none for a low probability (set abstain_accuracy or abstain_coverage)");
        var (share, right) = ($"{a.Answered}/{a.Rows}", $"{a.Right}/{a.Answered}");
        return new(
            Invariant($"弃答：最高概率低于 {a.Threshold:0.0000} 时；这些行中作答 {share}，答对 {right}") +
                (a.AccuracyBound is { } zh ? Invariant($"，准确率至少 {zh:0.000}（精确二项下界）") : ""),
            Invariant($"withheld answers: where the highest probability is below {a.Threshold:0.0000}; ") +
                $"of these rows {share} are answered, {right} rightly" +
                (a.AccuracyBound is { } en ? Invariant($", so the accuracy is at least {en:0.000} (exact binomial bound)") : ""));
    }

    static Bilingual OutOfScope(OutOfScopeDetector? detector) => detector is not { } d
        ? new($"范围外：范围外的行不足 {OutOfScopeDetector.FewestRows} 行，不判断（可设 out_of_scope_file）",
            $"out of scope: fewer than {OutOfScopeDetector.FewestRows} such rows, so no question is taken for one (set out_of_scope_file)")
        : new(
            Invariant($"范围外：按 {CalibrationFile.NameOf(d.Score.Kind)}，高于 {d.Threshold:0.####} 即是；{Percent(d.InScopeKept)} 的范围内问句放行"),
            Invariant($"out of scope: by {CalibrationFile.NameOf(d.Score.Kind)}, above {d.Threshold:0.####}; ") +
                $"{Percent(d.InScopeKept)} of the questions in scope pass");

    static Table Candidates(OutOfScopeDetector detector) => Table.Of<OutOfScopeCandidate>("", "",
    [
        new(("得分（交叉验证）", "Score (cross-validated)"), "row", c => CalibrationFile.NameOf(c.Kind)),
        new("AUROC", "n", c => Three(c.Separation.AreaUnderCurve)),
        new(TrustWords.FalseShare, "n", c => Percent(c.Separation.FalseShare)),
        new(("范围内/外", "In/out of scope"), "n", c => $"{c.Separation.InScope}/{c.Separation.OutOfScope}"),
    ], detector.Candidates);
}
