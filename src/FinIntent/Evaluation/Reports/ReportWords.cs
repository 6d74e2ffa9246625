using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says, in both languages.</summary>
static class ReportWords
{
    static readonly Dictionary<string, Bilingual> Texts =
        Resource.Rows("Evaluation.Reports.texts.tsv").ToDictionary(row => row[0], row => new Bilingual(row[1], row[2]));

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

    /// <summary>Returns the words in a choice's place; report.js has the same, in the same order.</summary>
    public static Bilingual Unread(UnreadReason why) => why switch
    {
        UnreadReason.Unfinished => new("思考未完", "Unfinished"),
        UnreadReason.Refused => new("拒答", "Refused"),
        UnreadReason.Empty => new("空", "Empty"),
        UnreadReason.TooLong => new("题目过长", "Too long"),
        _ => Unreadable,
    };

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

    /// <summary>Returns a paragraph of texts.tsv.</summary>
    public static Bilingual Text(string key) => Texts[key];

    public static Bilingual Rule(string rule) => rule switch
    {
        "strict" => new("严格", "strict"),
        "lenient" => new("宽松", "lenient"),
        "last_capital" => new("末位大写", "last capital"),
        "flexible" => new("灵活", "flexible"),
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

    public static Bilingual AboutDrawing => Text("drawing");
    public static Bilingual AboutStudy => Text("study");
    public static Bilingual AboutPairs => Text("pairs");

    public static IReadOnlyList<(Bilingual Term, Bilingual Meaning)> Glossary { get; } =
    [
        .. RuleReport.Names.Select(rule => (Rule(rule), Text(rule))), (MacroF1, Text("macro_f1")), (Matthews, Text("mcc")),
        (LogLoss, Text("log_loss")), (Brier, Text("brier")), (CalibrationError, Text("ece")),
    ];

    /// <summary>Returns what is to be said of each model's answers that could not be read.</summary>
    public static IEnumerable<Bilingual> OutcomeNotes(Comparison report) =>
        from model in report.Models
        from sentence in OutcomeWords.Of(model.Outcomes)
        select report.Models.Count == 1 ? sentence
            : new Bilingual($"{model.Name}：{sentence.Chinese}", $"{model.Name}: {sentence.English}");

    public static IEnumerable<Bilingual> Notes(Comparison report)
    {
        foreach (var note in OutcomeNotes(report)) yield return note;
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
            yield return new($"没有共同的题，不作比较：{disjoint.Chinese}。", $"Without a question in common, so not compared: {disjoint.English}.");
        if (Named(report, o => o.Common.Count > 0 && report.Pairs.All(p => (p.A, p.B) != (o.A, o.B))) is { } unread)
            yield return new($"没有共同的读法，不作比较：{unread.Chinese}。", $"Without a reading rule in common, so not compared: {unread.English}.");
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
