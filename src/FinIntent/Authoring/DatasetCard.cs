using System.Globalization;
using System.Text;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Authoring;

/// <summary>The data set's README.md: what it holds, who wrote it, when, what it took, and what was turned away. In Chinese and English for a Chinese schema.</summary>
sealed class DatasetCard(AuthoredFiles files, AuthoredSet set, Journal journal, Amount spent, Stopped? stopped)
{
    readonly StringBuilder _text = new();
    readonly bool _isChinese = files.Schema.Language == SchemaLanguage.Chinese;

    public string Text(IReadOnlyList<(string File, string Name, IReadOnlyList<AuthoredRow> Rows)> parts)
    {
        Head();
        Parts(parts);
        Classes();
        Lengths();
        Making();
        TurnedAway();
        Limits();
        return _text.ToString();
    }

    void Head()
    {
        Line($"---\nlanguage:\n- {(_isChinese ? "zh" : "en")}\ntask_categories:\n- text-classification\ntags:\n- synthetic\n- intent-detection\npretty_name: {files.Schema.Name}\n---\n");
        Line($"# {files.Schema.Name}\n");
        Both("问句和标签都由语言模型编写，没有真实用户的原话。由 `finintent data generate` 生成，每次运行都会重写本文件。",
            "All questions and labels were **written by a language model**; none is a real user's. `finintent data generate` writes this file anew with every run.");
        Line("");
    }

    void Parts(IReadOnlyList<(string File, string Name, IReadOnlyList<AuthoredRow> Rows)> parts)
    {
        Line($"| {Word("文件", "file")} | {Word("数据集名", "name in `dataset_info.json`")} | {Word("行数", "rows")} |\n|---|---|---|");
        foreach (var (file, name, rows) in parts) Line($"| `{file}` | `{name}` | {rows.Count} |");
        Line("");
        Both("格式：Alpaca，`output` 是选项的标签。每一行的来历在 `provenance.jsonl`。", "Alpaca rows; `output` is the option's label. `provenance.jsonl` tells where each row comes from.");
        if (stopped is not null)
            Both($"尚未写完：{set.Rows.Count} / {set.Plan.Rows} 行，原因：{stopped.Reason}。", $"Not complete: {set.Rows.Count} of {set.Plan.Rows} rows; it ended because of {stopped.Reason}.");
        Line("");
    }

    void Classes()
    {
        Section("类别", "Classes");
        Line($"| {Word("标签", "label")} | {Word("意图", "intent")} | {Word("想要", "wanted")} | {Word("行数", "rows")} |\n|---|---|---|---|");
        foreach (var (i, name) in set.Plan.Intents.Index())
            Line($"| {files.Schema.Options[i].Label} | {name} | {set.Plan.RowsOf(i)} | {set.Rows.Count(row => row.Intent == i)} |");
        Line("");
    }

    void Lengths()
    {
        Section("长度", "Lengths");
        var unit = set.Plan.Unit == LengthUnit.Words ? Word("词", "words") : Word("字", "characters");
        Line($"| {unit} | {Word("想要", "wanted")} | {Word("行数", "rows")} |\n|---|---|---|");
        foreach (var (l, range) in set.Plan.Lengths.Index())
            Line($"| {range} | {set.Plan.Wanted.Sum(row => row[l])} | {set.Rows.Count(row => set.Plan.LengthOf(row.Question) == l)} |");
        Line("");
    }

    void Making()
    {
        Section("怎么来的", "How it was made");
        Line($"| {Word("模型", "model")} | {Word("提示词", "prompt")} | {Word("请求", "requests")} |\n|---|---|---|");
        foreach (var group in journal.AllSent.GroupBy(sent => (sent.Model, sent.Prompt)).OrderBy(g => g.Key.Prompt, StringComparer.Ordinal).Reverse())
            Line($"| {group.Key.Model} | `{group.Key.Prompt}` | {group.Count()} |");
        Line("");
        if (journal.Times is { } times) Line($"- {Word("时间", "Time")}: {times.First.UtcDateTime:yyyy-MM-dd HH:mm} – {times.Last.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        Line($"- {Word("词元", "Tokens")}: {journal.Tokens.Input:N0} {Word("输入", "in")}, {journal.Tokens.Output:N0} {Word("输出", "out")}");
        Line($"- {Word("费用", "Cost")}: {(files.IsPriced ? string.Create(CultureInfo.InvariantCulture, $"{spent.Cost:0.######}") : Word("未给出单价", "no prices were given"))}");
        var judged = set.Rows.Any(row => row.Judged is not null);
        Line("- " + (judged ? Word("复核：用另一提示词再判一次，不知道原标签；一致才收录。", "Judged a second time by a prompt that does not tell the label; only rows on which both agree are in it.")
            : Word("没有复核。", "Not judged a second time.")));
        Line($"- {Word("留给人判断", "Set aside for a person")}: {set.Aside.Count} (`review.csv`); {Word("人已决定", "decided by a person")}: {set.Rows.Count(row => row.IsPersons)} {Word("收录", "kept")}, {set.Dropped} {Word("丢弃", "dropped")}" +
            (set.Unjudged > 0 ? $"; {Word("等待复核", "waiting for their judge")}: {set.Unjudged}" : ""));
        Line("");
    }

    void TurnedAway()
    {
        Section("没有收录的", "What was turned away");
        Line($"| {Word("原因", "reason")} | {Word("条数", "items")} |\n|---|---|");
        foreach (var (why, count) in set.Rejected.OrderBy(pair => pair.Key)) Line($"| {ReviewFile.Words(why)} | {count} |");
        if (set.Unreadable > 0) Line($"| {Word("读不出的回答", "answers without a row in them")} | {set.Unreadable} |");
        Line("");
    }

    void Limits()
    {
        Section("注意", "Limits");
        Both("重复与泄漏：去掉标点后字符二元组 Jaccard ≥ 0.6 即视为重复；评测文件只用来比对，从不进入提示词。",
            "Questions whose character bigrams are alike by 0.6 or more (Jaccard, also without punctuation) count as the same. Evaluation files were compared with only; they were in no prompt.");
        Both("标签是模型的判断，边界问句尤其如此；模型的使用条款可能限制这些数据的用途。",
            "Labels are models' judgement, of borderline questions above all. The terms of the model's maker may limit what the rows may be used for.");
    }

    void Section(string chinese, string english) => Line($"## {Word(chinese, english)}\n");

    string Word(string chinese, string english) => _isChinese ? $"{chinese} {english}" : english;

    void Both(string chinese, string english)
    {
        if (_isChinese) Line($"- {chinese}");
        Line($"- {english}");
    }

    void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    void Line(string line) => _text.Append(line).Append('\n');
}
