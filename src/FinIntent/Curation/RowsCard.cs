using System.Globalization;
using System.Text;
using System.Text.Json;
using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Curation;

/// <summary>A data set's card as hubs read it: front matter, contents, provenance as far as rows carry it, classes, lengths, examples, limits.</summary>
/// <param name="name">Of the data set.</param>
/// <param name="licence">A hub's word for it, such as apache-2.0.</param>
/// <param name="schema">For descriptions of the intents; null: names alone.</param>
sealed class RowsCard(string name, string licence, SchemaLanguage language, IntentSchema? schema)
{
    const int ExamplesPerClass = 2;

    // What a row may say of where it comes from.
    static readonly string[] ProvenanceColumns = ["source", "model", "author", "annotator", "provenance", "generator", "license"];

    readonly StringBuilder _text = new();

    bool IsChinese => language == SchemaLanguage.Chinese;

    public string Of(IReadOnlyList<RowFile> files)
    {
        var stats = RowStats.Of(files, []);
        Head(files.Sum(file => file.Rows.Count));
        Contents(stats);
        Provenance(files);
        Classes(stats);
        Duplicates(stats);
        Examples(files);
        Limits(stats);
        return _text.ToString();
    }

    void Head(int rows)
    {
        Line($"---\nlicense: {licence}\nlanguage:\n- {(IsChinese ? "zh" : "en")}\ntask_categories:\n- text-classification\nsize_categories:\n- {SizeOf(rows)}\ntags:\n- intent-detection\npretty_name: {name}\n---\n");
        Line($"# {name}\n");
        Line($"{Say("用户问句和它的意图，Alpaca 格式：提示词里列出全部选项，", "Users' questions with their intents, as Alpaca rows: the prompt lists all options and ")}`output`{Say(" 是正确选项的标签。", " is the label of the right one.")}\n");
    }

    /// <summary>The words that hubs sort data sets by.</summary>
    static string SizeOf(int rows) => rows switch
    {
        < 1_000 => "n<1K",
        < 10_000 => "1K<n<10K",
        < 100_000 => "10K<n<100K",
        < 1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };

    void Contents(RowStats stats)
    {
        Section("内容", "Contents");
        Line($"| {Say("文件", "file")} | {Say("行数", "rows")} | {Say("类数", "classes")} | {Say("字数：最短、平均、中位、95 %、最长", "characters: least, mean, median, 95 %, most")} |\n|---|---|---|---|");
        foreach (var file in stats.Files)
        {
            var c = file.Characters;
            Line($"| `{Path.GetFileName(file.Name)}` | {file.Rows} | {file.Classes.Count} | {c.Least}, {c.Mean:F1}, {c.Median}, {c.Most95}, {c.Most} |");
        }
        Line($"");
    }

    void Provenance(IReadOnlyList<RowFile> files)
    {
        Section("来历", "Provenance");
        var told = false;
        foreach (var column in ProvenanceColumns)
        {
            var values = files.SelectMany(file => file.Rows).Select(row => row.Source[column]).OfType<JsonElement>().ToList();
            if (values.Count == 0) continue;
            told = true;
            var counts = values.CountBy(value => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()).OrderByDescending(c => c.Value).ToList();
            Line($"- `{column}`: {string.Join(", ", counts.Take(10).Select(c => $"{c.Key} ({c.Value})"))}{(counts.Count > 10 ? ", …" : "")}");
        }
        foreach (var beside in files.Select(file => Path.Combine(Path.GetDirectoryName(file.Rows[0].Source.File)!, "provenance.jsonl")).Distinct().Where(File.Exists))
        {
            told = true;
            var models = DataFile.Read(beside).CountBy(row => row["model"]?.ToString() ?? "?").OrderByDescending(c => c.Value);
            Line($"- `{Path.GetFileName(beside)}` {Say("逐行记录了来历；模型：", "tells where each row comes from; models: ")}{string.Join(", ", models.Select(m => $"{m.Key} ({m.Value})"))}");
        }
        if (!told) Line($"{Say("行里没有写来历：请在此说明由谁、如何、何时写成，是否有真实用户的原话。", "The rows do not say where they come from: tell here who wrote them, how and when, and whether any are real users' words.")}");
        Line($"");
    }

    void Classes(RowStats stats)
    {
        Section("类别", "Classes");
        var described = schema?.Intents.ToDictionary(i => i.Name, i => i.Description.ReplaceLineEndings(" "));
        Line($"| {Say("标签", "label")} | {Say("意图", "intent")} | {string.Join(" | ", stats.Files.Select(f => $"`{Path.GetFileName(f.Name)}`"))} |{(described is null ? "" : $" {Say("说明", "meaning")} |")}");
        Line($"|---|---|{string.Concat(stats.Files.Select(_ => "---|"))}{(described is null ? "" : "---|")}");
        foreach (var (intent, label) in Ordered(stats))
        {
            var counts = stats.Files.Select(f => f.Classes.FirstOrDefault(c => c.Intent == intent).Count).Select(n => $"{n}");
            Line($"| {Cell(label)} | {Cell(intent)} | {string.Join(" | ", counts)} |{(described is null ? "" : $" {Cell(described.GetValueOrDefault(intent, ""))} |")}");
        }
        Line($"");
    }

    /// <summary>In the schema's order, else by label.</summary>
    IEnumerable<(string Intent, string Label)> Ordered(RowStats stats)
    {
        var found = stats.Files.SelectMany(f => f.Classes).Select(c => (c.Intent, c.Label)).DistinctBy(c => c.Intent).OrderBy(c => c.Label, StringComparer.Ordinal).ToList();
        return schema is null ? found : found.OrderBy(c => schema.Intents.Select(i => i.Name).ToList().IndexOf(c.Intent) is >= 0 and var at ? at : int.MaxValue);
    }

    void Duplicates(RowStats stats)
    {
        Section("重复", "Duplicates");
        var across = stats.Duplicates.Where(d => d.IsAcross).ToList();
        var measure = Say("字符二元组 Jaccard ≥ 0.6（也去掉标点再比一次）", "Character bigrams alike by 0.6 or more (Jaccard, also without punctuation)");
        Line($"{measure}: {stats.Duplicates.Count - across.Count} {Say("对在同一文件内", "pairs within a file")}, {across.Count} {Say("对跨文件", "across files")}.\n");
    }

    void Examples(IReadOnlyList<RowFile> files)
    {
        Section("例子", "Examples");
        Line($"| {Say("问句", "question")} | {Say("意图", "intent")} |\n|---|---|");
        foreach (var group in files[0].Rows.GroupBy(row => row.Intent))
            foreach (var row in group.Take(ExamplesPerClass)) Line($"| {Cell(row.Question)} | {Cell(row.Intent)} |");
        Line($"");
    }

    void Limits(RowStats stats)
    {
        Section("局限", "Limits");
        var least = stats.Files.SelectMany(f => f.Classes.Select(c => (f.Name, c.Intent, c.Count))).MinBy(c => c.Count);
        Line($"- {Say("每行一个标签；有没有第二个标注者复核，行里没有写。", "One label a row; the rows do not say whether anyone checked it.")}");
        Line($"- {Say("最少的一类", "The smallest class")}: {least.Intent}, {least.Count} {Say("行", "rows in")} `{Path.GetFileName(least.Name)}`{Say("；这样少的行数，准确率的区间很宽。", "; with so few, an accuracy has a wide interval.")}");
        Line($"- {Say("类别占比不一定是真实流量的占比。", "Shares of classes need not be those of real traffic.")}");
    }

    void Section(string chinese, string english) => Line($"## {Say(chinese, english)}\n");

    string Say(string chinese, string english) => IsChinese ? chinese : english;

    static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|");

    void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
