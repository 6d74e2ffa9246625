using FinIntent.Curation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Authoring;

/// <summary>Writes the card of rows that models wrote: what, by whom, when, at what cost, and what was turned away.</summary>
/// <remarks>For a Chinese schema it is in Chinese and English.</remarks>
sealed class AuthoredCard(AuthoredFiles files, AuthoredSet set, Journal journal, Amount spent, Stopped? stopped)
    : CardText(files.Schema.Language, isBilingual: true)
{
    public string Text(IReadOnlyList<(string File, string Name, IReadOnlyList<AuthoredRow> Rows)> parts)
    {
        Head(files.Schema.Name, null, null, "synthetic", "intent-detection");
        Item("问句和标签都由语言模型编写，没有真实用户的原话。由 `finintent data generate` 生成，每次运行都会重写本文件。",
            "All questions and labels were **written by a language model**; none is a real user's. " +
            "`finintent data generate` writes this file anew with every run.");
        Line();
        Parts(parts);
        Classes();
        Lengths();
        Making();
        TurnedAway();
        Limits();
        return ToString();
    }

    void Parts(IReadOnlyList<(string File, string Name, IReadOnlyList<AuthoredRow> Rows)> parts)
    {
        Table(Say("文件", "file"), Say("数据集名", "name in `dataset_info.json`"), Say("行数", "rows"));
        foreach (var (file, name, rows) in parts) Row(Code(file), Code(name), rows.Count);
        Line();
        Item("格式：Alpaca，`output` 是选项的标签。每一行的来历在 `provenance.jsonl`。",
            "Alpaca rows; `output` is the option's label. `provenance.jsonl` tells where each row comes from.");
        if (stopped is not null)
            Item($"尚未写完：{set.Rows.Count} / {set.Plan.Rows} 行，原因：{stopped.Reason}。",
                $"Not complete: {set.Rows.Count} of {set.Plan.Rows} rows; it ended because of {stopped.Reason}.");
        Line();
    }

    void Classes()
    {
        Section("类别", "Classes");
        Table(Say("标签", "label"), Say("意图", "intent"), Say("想要", "wanted"), Say("行数", "rows"));
        foreach (var (i, name) in set.Plan.Intents.Index())
            Row(Cell(files.Schema.Options[i].Label), Cell(name), set.Plan.RowsOf(i), set.Rows.Count(row => row.Intent == i));
        Line();
    }

    void Lengths()
    {
        Section("长度", "Lengths");
        Table(set.Plan.Unit == LengthUnit.Words ? Say("词", "words") : Say("字", "characters"), Say("想要", "wanted"), Say("行数", "rows"));
        foreach (var (l, range) in set.Plan.Lengths.Index())
            Row(range, set.Plan.Wanted.Sum(row => row[l]), set.Rows.Count(row => set.Plan.LengthOf(row.Question) == l));
        Line();
    }

    void Making()
    {
        Section("怎么来的", "How it was made");
        Table(Say("模型", "model"), Say("提示词", "prompt"), Say("请求", "requests"));
        var requests = journal.AllSent.GroupBy(sent => (sent.Model, sent.Prompt)).OrderBy(g => g.Key.Prompt, StringComparer.Ordinal);
        foreach (var group in requests.Reverse()) Row(Cell(group.Key.Model ?? ""), Code(group.Key.Prompt ?? ""), group.Count());
        Line();
        if (journal.Times is var (first, last))
            Line($"- {Say("时间", "Time")}: {first.UtcDateTime:yyyy-MM-dd HH:mm} – {last.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        var (read, written) = journal.Tokens;
        Line($"- {Say("词元", "Tokens")}: {read:N0} {Say("输入", "in")}, {written:N0} {Say("输出", "out")}");
        var cost = files.IsPriced ? spent.Cost.ToString("0.######", CultureInfo.InvariantCulture) : Say("未给出单价", "no prices were given");
        Line($"- {Say("费用", "Cost")}: {cost}");
        Line("- " + (set.Rows.Any(row => row.Judged is not null)
            ? Say("复核：用另一提示词再判一次，不知道原标签；一致才收录。",
                "Judged a second time by a prompt that does not tell the label; only rows on which both agree are in it.")
            : Say("没有复核。", "Not judged a second time.")));
        var aside = $"{Say("留给人判断", "Set aside for a person")}: {set.Aside.Count} (`review.csv`)";
        var kept = $"{set.Rows.Count(row => row.IsPersons)} {Say("收录", "kept")}, {set.Dropped} {Say("丢弃", "dropped")}";
        var waiting = set.Unjudged > 0 ? $"; {Say("等待复核", "waiting for their judge")}: {set.Unjudged}" : "";
        Line($"- {aside}; {Say("人已决定", "decided by a person")}: {kept}{waiting}");
        Line();
    }

    void TurnedAway()
    {
        Section("没有收录的", "What was turned away");
        Table(Say("原因", "reason"), Say("条数", "items"));
        foreach (var (why, count) in set.Rejected.OrderBy(pair => pair.Key)) Row(ReviewFile.Words(why), count);
        if (set.Unreadable > 0) Row(Say("读不出的回答", "answers without a row in them"), set.Unreadable);
        Line();
    }

    void Limits()
    {
        Section("注意", "Limits");
        Item("重复与泄漏：去掉标点后字符二元组 Jaccard ≥ 0.6 即视为重复；评测文件只用来比对，从不进入提示词。",
            "Questions whose character bigrams are alike by 0.6 or more (Jaccard, also without punctuation) count as the same. " +
            "Evaluation files were compared with only; they were in no prompt.");
        Item("标签是模型的判断，边界问句尤其如此；模型的使用条款可能限制这些数据的用途。",
            "Labels are models' judgement, of borderline questions above all. " +
            "The terms of the model's maker may limit what the rows may be used for.");
    }
}
