namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says, in both languages.</summary>
static class ReportWords
{
    public static readonly Bilingual Title = new("评测报告", "Evaluation report");
    public static readonly Bilingual Results = new("结果", "Results");
    public static readonly Bilingual ByRule = new("各种读法", "By reading rule");
    public static readonly Bilingual AccuracyByRule = new("各读法的准确率与 95 % 区间", "Accuracy by reading rule, with 95 % intervals");
    public static readonly Bilingual Pairs = new("两两比较", "Model against model");
    public static readonly Bilingual OtherRules = new("其他读法", "Other reading rules");
    public static readonly Bilingual Questions = new("逐题对照", "Question by question");
    public static readonly Bilingual Unsolved = new("所有模型都答错的题", "Questions that every model gets wrong");
    public static readonly Bilingual Details = new("各模型详情", "Each model in detail");
    public static readonly Bilingual HowToRead = new("怎样读这份报告", "How to read this");

    public static readonly Bilingual Model = new("模型", "Model");
    public static readonly Bilingual Right = new("答对", "Right");
    public static readonly Bilingual Accuracy = new("准确率", "Accuracy");
    public static readonly Bilingual Interval = new("95 % 区间", "95 % interval");
    public static readonly Bilingual MacroF1 = new("宏 F1", "Macro-F1");
    public static readonly Bilingual Matthews = "MCC";
    public static readonly Bilingual Reading = new("读法", "Reading");
    public static readonly Bilingual From = new("从", "From");
    public static readonly Bilingual To = new("到", "To");
    public static readonly Bilingual Count = new("题数", "Questions");
    public static readonly Bilingual Fixed = new("改对", "Fixed");
    public static readonly Bilingual Broken = new("改错", "Broken");
    public static readonly Bilingual BothWrong = new("都错", "Both wrong");
    public static readonly Bilingual BothRight = new("都对", "Both right");
    public static readonly Bilingual Wrong = new("答错", "Wrong");
    public static readonly Bilingual All = new("全部", "All");
    public static readonly Bilingual P = "p";
    public static readonly Bilingual Class = new("类别", "Class");
    public static readonly Bilingual Gold = new("正确答案", "Right answer");
    public static readonly Bilingual Unreadable = new("读不出", "Unreadable");
    public static readonly Bilingual Question = new("问句", "Question");
    public static readonly Bilingual Confusion = new(
        "混淆矩阵：行是正确答案，列是模型的回答", "Confusion matrix: rows are right answers, columns the model's");
    public static readonly Bilingual Confusions = new("最常见的混淆", "The most frequent confusions");
    public static readonly Bilingual PerClass = new("各类别", "By class");
    public static readonly Bilingual Reliability = new("可靠性图", "Reliability diagram");
    public static readonly Bilingual LogLoss = new("对数损失", "Log-loss");
    public static readonly Bilingual Brier = new("Brier 分数", "Brier score");
    public static readonly Bilingual CalibrationError = new("期望校准误差（ECE）", "Expected calibration error (ECE)");
    public static readonly Bilingual State = new("变化", "Change");
    public static readonly Bilingual IsRight = new("对错", "Result");
    public static readonly Bilingual Study = new("微调前后", "Before and after fine-tuning");
    public static readonly Bilingual Spread = new("多次运行的差异", "Spread over runs");
    public static readonly Bilingual Failure = new("未完成", "Not finished");
    public static readonly Bilingual Search = new("搜索", "Search");
    public static readonly Bilingual ShowAll = new("显示其余的题", "Show the other questions");
    public static readonly Bilingual NoneShown = new("没有符合条件的题。", "No question fits these filters.");
    public static readonly Bilingual None = new("没有。", "None.");

    public static Bilingual Rule(string rule) => rule switch
    {
        "strict" => new("严格", "strict"),
        "lenient" => new("宽松", "lenient"),
        "last_capital" => new("末位大写", "last capital"),
        RuleReport.Scored => new("选项打分", "option scoring"),
        _ => (Bilingual)rule,
    };

    /// <summary>It says how many models were asked how many questions, and how the answers in the first table were read.</summary>
    public static Bilingual Lead(Comparison report)
    {
        var counts = report.Models.Select(m => m.Predictions.Count).Distinct().ToList();
        var (models, first) = (report.Models.Count, QuestionCount(counts[0]));
        var (zh, en) = models == 1 ? ($"{first.Chinese}。", $"{first.English}. ")
            : counts.Count == 1 ? ($"{models} 个模型，每个 {first.Chinese}。", $"{models} models, {first.English} each. ")
            : ($"{models} 个模型，题目不全相同。", $"{models} models; not all were asked the same questions. ");
        if (report.MainRule is { } main)
        {
            zh += $"本表的答案按“{Rule(main).Chinese}”来读。";
            en += $"Answers in this table are read by the rule “{Rule(main).English}”. ";
        }
        var shares = report.Models.Select(m => NumberText.Percent(m.Commonest.Share.Value)).Distinct().ToList();
        return shares.Count > 1 ? new(zh, en.TrimEnd())
            : new($"{zh}总答同一类最多得 {shares[0]}。", $"{en}Always answering the commonest class would score {shares[0]}.");
    }

    public static Bilingual QuestionCount(int count) => new($"{count} 题", Of(count, "question"));

    /// <summary>What changed from one model to the other.</summary>
    public static Bilingual Sentence(Comparison report, PairReport pair)
    {
        var (a, b, p) = (report.Models[pair.A].Name, report.Models[pair.B].Name, NumberText.WithSign(pair.P));
        return new(
            $"{b} 与 {a} 相比：改对 {pair.Fixed} 题，改错 {pair.Broken} 题，p {p}（精确 McNemar 检验）",
            $"{b} against {a}: {pair.Fixed} fixed, {pair.Broken} broken, p {p} (exact McNemar)");
    }

    /// <summary>Why a model of a study has no whole result.</summary>
    public static Bilingual NotFinished(ModelGroup group) =>
        new($"{Failure.Chinese}：{group.Name}：{group.Failure}", $"{Failure.English}: {group.Name}: {group.Failure}");

    public static Bilingual AboutDrawing => new(
        "横条是 95 % 的 Wilson 区间：真实准确率大致在其中，题越少越宽。虚线是总答同一类最多能得的分。",
        "The bar is Wilson's 95 % interval: about where the true accuracy lies, and the wider the fewer the questions. " +
        "The dashed line is the score of always answering the commonest class.");

    public static Bilingual AboutStudy => new(
        "括号里是 95 % 的 Wilson 区间；多个种子的模型给出平均 ± 标准差（次数：最低–最高）。" +
        "改对、改错与 p（精确双侧 McNemar，未修正）都与该模型微调前相比。",
        "Wilson's 95 % interval in brackets; a model with several seeds has the mean ± standard deviation (runs: lowest–highest). " +
        "Fixed, broken and p (exact two-sided McNemar, unadjusted) are against the model before tuning.");

    public static Bilingual AboutPairs => new(
        "“改对”是前者答错、后者答对的题，“改错”反之。p 是这些题的精确双侧 McNemar 检验；" +
        "Holm 一列按同一读法下列出的所有比较修正，小于 0.05 才说两个模型不同。",
        "A question is fixed when the first model gets it wrong and the second right, broken the other way round. " +
        "p is the exact two-sided McNemar test on these; the Holm column is adjusted over all comparisons shown for the same rule, " +
        "and only below 0.05 are two models called different.");

    public static IReadOnlyList<(Bilingual Term, Bilingual Meaning)> Glossary { get; } =
    [
        (Rule("strict"), new Bilingual("整个回答去掉空白后恰是一个选项的标签。", "The whole answer, trimmed, is one option's label.")),
        (Rule("lenient"), new Bilingual("回答中恰有一处选项的标签（字母前可有“选项”），零处或多处都算错。",
            "There is exactly one option's label in the answer, a letter perhaps after 选项; none or several is wrong.")),
        (Rule("last_capital"), new Bilingual("回答里最后一个大写字母。", "The last upper-case letter of the answer.")),
        (Rule(RuleReport.Scored), new Bilingual("不看文字：在回答处比较各选项标签的概率，取最大者；并列时取在前者。",
            "No text is read: the most probable of the options' labels where the answer begins; the first one among equals.")),
        (MacroF1, new Bilingual(
            "各类 F1 的平均，小类与大类同样重要。分母为 0 的商记 0；既没有题也没被回答的类不计。",
            "The mean of the classes' F1, so that small classes count as much as large ones. " +
            "A quotient with divisor 0 is 0; a class that has no question and is never answered is left out.")),
        (Matthews, new Bilingual(
            "马修斯相关系数，正确答案与回答之间的相关：1 为全对，0 为与乱猜或总答同一类无异，可为负。读不出的回答自成一类。",
            "Matthews' correlation of the answers with the right ones: 1 is all right, 0 no better than guessing or always answering " +
            "one class; it can be negative. Answers that cannot be read are a class of their own.")),
        (LogLoss, new Bilingual(
            "正确答案概率的负对数的平均，越小越好。",
            "The mean of minus the logarithm of the right answer's probability; smaller is better.")),
        (Brier, new Bilingual(
            "概率与对错之差的平方和，0 到 2，越小越好。",
            "The squared distance of the probabilities from the truth, 0 to 2; smaller is better.")),
        (CalibrationError, new Bilingual(
            "十个等宽区间里准确率与平均置信度之差的加权平均。为 0 时，说 90 % 的答案有 90 % 是对的。",
            "The weighted mean, over ten bins of equal width, of the distance between accuracy and mean confidence. " +
            "At 0, nine of ten answers given with 90 % are right.")),
    ];

    public static IEnumerable<Bilingual> Notes(Comparison report)
    {
        foreach (var i in report.Lent)
        {
            var name = report.Models[i].Name;
            yield return new(
                $"{name} 的预测没有 options；其标签按其他文件的选项理解。",
                $"The predictions of {name} have no options; their labels are read as the other files' options.");
        }
        foreach (var overlap in report.Overlaps.Where(o => !o.IsComplete && !IsDisjoint(o)))
            yield return Note(overlap, report.Models[overlap.A], report.Models[overlap.B]);
        if (Named(report, IsDisjoint) is { } disjoint)
            yield return new(
                $"没有共同的题，不作比较：{disjoint.Chinese}。", $"Without a question in common, so not compared: {disjoint.English}.");
        if (Named(report, o => o.Common.Count > 0 && report.Pairs.All(p => (p.A, p.B) != (o.A, o.B))) is { } unread)
            yield return new(
                $"没有共同的读法，不作比较：{unread.Chinese}。", $"Without a reading rule in common, so not compared: {unread.English}.");
    }

    static bool IsDisjoint(Overlap overlap) => overlap.Common.Count + overlap.OtherGold.Count == 0;

    /// <summary>The names of the pairs of models; null where there is none.</summary>
    static Bilingual? Named(Comparison report, Func<Overlap, bool> which)
    {
        var names = report.Overlaps.Where(which).Select(o => (A: report.Models[o.A].Name, B: report.Models[o.B].Name)).ToList();
        return names.Count == 0 ? null
            : new(string.Join("；", names.Select(n => $"{n.A} 与 {n.B}")), string.Join("; ", names.Select(n => $"{n.A} and {n.B}")));
    }

    static Bilingual Note(Overlap overlap, ModelReport a, ModelReport b)
    {
        var n = overlap.Common.Count;
        List<string> zh = [], en = [];
        Add(overlap.OnlyA.Select(i => a.Predictions[i]), $"仅 {a.Name} 有", $"only {a.Name} has");
        Add(overlap.OnlyB.Select(i => b.Predictions[i]), $"仅 {b.Name} 有", $"only {b.Name} has");
        Add(overlap.OtherGold.Select(i => a.Predictions[i.A]), "正确答案不一致的有", "the right answers differ for");
        return new(
            $"{a.Name} 与 {b.Name} 的题目不同：{string.Join("；", zh)}。" + (n == 0 ? "没有可比较的题。" : $"只比较共同的 {n} 题。"),
            $"{a.Name} and {b.Name} do not hold the same questions: {string.Join("; ", en)}. " +
                (n == 0 ? "Nothing can be compared." : $"They are compared on the {Of(n, "question")} in common."));

        void Add(IEnumerable<Prediction> questions, string textZh, string textEn)
        {
            var list = questions.ToList();
            if (list.Count == 0) return;
            var shown = string.Join(", ", list.Take(ShownIds).Select(p => p.Id)) + (list.Count > ShownIds ? ", …" : "");
            zh.Add($"{textZh} {list.Count} 题（id {shown}）");
            en.Add($"{textEn} {Of(list.Count, "question")} (id {shown})");
        }
    }

    const int ShownIds = 10;

    public static Bilingual VerdictOf(Comparison report, PairReport pair)
    {
        if (pair.PHolm >= PairReport.Level) return new("差异可能出于偶然", "may be chance");
        var better = report.Models[pair.Fixed > pair.Broken ? pair.B : pair.A].Name;
        return new($"{better} 更好", $"{better} is better");
    }

    public static string Of(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
