using static System.FormattableString;

namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says of calibration and of answers that are withheld, in both languages.</summary>
static class TrustWords
{
    public static readonly Bilingual Title = new("概率可信吗", "How far probabilities can be trusted");
    public static readonly Bilingual Withholding = new("只答有把握的题", "When the least sure answers are withheld");
    public static readonly Bilingual Curve = new("风险–覆盖率曲线：横轴是回答的比例，纵轴是其中答错的比例",
        "Risk–coverage curve: across, the share that is answered; upwards, the share of these that is wrong");
    public static readonly Bilingual Area = new("曲线下面积（AURC）", "Area under the curve (AURC)");
    public static readonly Bilingual BeforeAfter = new("校准前后", "Before and after calibration");
    public static readonly Bilingual Own = new("模型自己的", "the model's own");
    public static readonly Bilingual Calibrated = new("校准后", "calibrated");
    public static readonly Bilingual ExpectedError = new("概率完全属实时的 ECE", "ECE if the probabilities were true");
    public static readonly Bilingual Sets = new("预测集", "Prediction sets");
    public static readonly Bilingual HoldsRight = new("含正确答案", "Hold the right answer");
    public static readonly Bilingual MeanSize = new("平均大小", "Mean size");
    public static readonly Bilingual Larger = new("更大", "Larger");
    public static readonly Bilingual Abstention = new("弃答", "Withheld answers");
    public static readonly Bilingual Answered = new("作答", "Answered");
    public static readonly Bilingual AccuracyOfAnswered = new("作答的准确率", "Accuracy of the answered");
    public static readonly Bilingual WithheldLow = new("概率低而弃答", "Withheld: low probability");
    public static readonly Bilingual WithheldOut = new("判为范围外而弃答", "Withheld: out of scope");
    public static readonly Bilingual OutOfScope = new("范围外的问句", "Questions out of scope");
    public static readonly Bilingual FalseShare = new("95 % TPR 时的 FPR", "FPR at 95 % TPR");
    public static readonly Bilingual Found = new("弃答的范围外问句", "Out of scope and withheld");
    public static readonly Bilingual Passing = new("放行的范围内问句", "In scope and let through");

    public static Bilingual About => ReportWords.Text("trust");

    public static Bilingual ByProbability => ReportWords.Text("by_probability");

    public static Bilingual AccuracyAt(double share) =>
        new(Invariant($"答 {100 * share:0} % 时的准确率"), Invariant($"Accuracy at {100 * share:0} % coverage"));

    public static Bilingual CoverageAt(double accuracy) => new(
        Invariant($"准确率 {100 * accuracy:0} % 时的覆盖率"), Invariant($"Coverage at {100 * accuracy:0} % accuracy"));

    public static Bilingual Size(int size) => new($"{size} 项", size == 1 ? "1 option" : $"{size} options");
}
