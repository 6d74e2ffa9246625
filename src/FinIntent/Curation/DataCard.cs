using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Curation;

/// <summary>The card of rows that people wrote: contents, provenance as far as rows tell it, classes, duplicates, limits.</summary>
/// <param name="name">The data set's name.</param>
/// <param name="licence">A hub's word for the licence, such as apache-2.0.</param>
/// <param name="schema">The schema that describes the intents; null: the card has their names alone.</param>
sealed class DataCard(string name, string licence, SchemaLanguage language, IntentSchema? schema)
    : CardText(language, isBilingual: false)
{
    const int ExamplesPerClass = 2, MostValues = 10;

    // The columns in which a row may say where it comes from.
    static readonly string[] ProvenanceColumns = ["source", "model", "author", "annotator", "provenance", "generator", "license"];

    public string Of(IReadOnlyList<RowFile> files)
    {
        var stats = RowStats.Of(files, []);
        Head(name, licence, files.Sum(file => file.Rows.Count), "intent-detection");
        var rows = Say("用户问句和它的意图，Alpaca 格式：提示词里列出全部选项，",
            "Users' questions with their intents, as Alpaca rows: the prompt lists all options and ");
        Line($"{rows}`output`{Say(" 是正确选项的标签。", " is the label of the right one.")}\n");
        Contents(stats);
        Provenance(files);
        Classes(stats);
        Duplicates(stats);
        Examples(files);
        Limits(stats);
        return ToString();
    }

    void Contents(RowStats stats)
    {
        Section("内容", "Contents");
        Table(Say("文件", "file"), Say("行数", "rows"), Say("类数", "classes"),
            Say("字数：最短、平均、中位、95 %、最长", "characters: least, mean, median, 95 %, most"));
        foreach (var file in stats.Files)
        {
            var c = file.Characters;
            var lengths = FormattableString.Invariant($"{c.Least}, {c.Mean:F1}, {c.Median}, {c.Most95}, {c.Most}");
            Row(Code(Path.GetFileName(file.Name)), file.Rows, file.Classes.Count, lengths);
        }
        Line();
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
            var counts = Counts(values.Select(value => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
            Line($"- `{column}`: {string.Join(", ", counts.Take(MostValues))}{(counts.Count > MostValues ? ", …" : "")}");
        }
        var folders = files.Select(file => Path.GetDirectoryName(file.Rows[0].Source.File)!).Distinct();
        foreach (var beside in folders.Select(folder => Path.Combine(folder, "provenance.jsonl")).Where(File.Exists))
        {
            told = true;
            var models = string.Join(", ", Counts(DataFile.Read(beside).Select(row => row["model"]?.ToString() ?? "?")));
            Line($"- `{Path.GetFileName(beside)}` {Say("逐行记录了来历；模型：", "tells where each row comes from; models: ")}{models}");
        }
        if (!told)
            Line(Say("行里没有写来历：请在此说明由谁、如何、何时写成，是否有真实用户的原话。",
                "The rows do not say where they come from: tell here who wrote them, how and when, and whether any are real users' " +
                    "words."));
        Line();
    }

    static List<string> Counts(IEnumerable<string> values) =>
        [.. values.CountBy(value => value).OrderByDescending(c => c.Value).Select(c => $"{Cell(c.Key)} ({c.Value})")];

    void Classes(RowStats stats)
    {
        Section("类别", "Classes");
        var described = schema?.Intents.ToDictionary(i => i.Name, i => i.Description);
        IEnumerable<string> meaning = described is null ? [] : [Say("说明", "meaning")];
        Table([Say("标签", "label"), Say("意图", "intent"), .. stats.Files.Select(f => Code(Path.GetFileName(f.Name))), .. meaning]);
        foreach (var (intent, label) in Ordered(stats))
        {
            var counts = stats.Files.Select(f => (object)f.Classes.FirstOrDefault(c => c.Intent == intent).Count);
            IEnumerable<string> description = described is null ? [] : [Cell(described.GetValueOrDefault(intent, ""))];
            Row([Cell(label), Cell(intent), .. counts, .. description]);
        }
        Line();
    }

    /// <summary>The classes in the schema's order, or without a schema by label.</summary>
    IEnumerable<(string Intent, string Label)> Ordered(RowStats stats)
    {
        var found = stats.Files.SelectMany(f => f.Classes).Select(c => (c.Intent, c.Label)).DistinctBy(c => c.Intent)
            .OrderBy(c => c.Label, StringComparer.Ordinal);
        if (schema is null) return found;
        var names = schema.Intents.Select(i => i.Name).ToList();
        return found.ToList().OrderBy(c => names.IndexOf(c.Intent) is >= 0 and var at ? at : int.MaxValue);
    }

    void Duplicates(RowStats stats)
    {
        Section("重复", "Duplicates");
        var across = stats.Duplicates.Count(d => d.IsAcross);
        var measure = Say("字符二元组 Jaccard ≥ 0.6（也去掉标点再比一次）", "Character bigrams alike by 0.6 or more (Jaccard, also without punctuation)");
        var (within, between) = (Say("对在同一文件内", "pairs within a file"), Say("对跨文件", "across files"));
        Line($"{measure}: {stats.Duplicates.Count - across} {within}, {across} {between}.\n");
    }

    void Examples(IReadOnlyList<RowFile> files)
    {
        Section("例子", "Examples");
        Table(Say("问句", "question"), Say("意图", "intent"));
        foreach (var group in files[0].Rows.GroupBy(row => row.Intent))
            foreach (var row in group.Take(ExamplesPerClass)) Row(Cell(row.Question), Cell(row.Intent));
        Line();
    }

    void Limits(RowStats stats)
    {
        Section("局限", "Limits");
        var least = stats.Files.SelectMany(f => f.Classes.Select(c => (f.Name, c.Intent, c.Count))).MinBy(c => c.Count);
        var file = Code(Path.GetFileName(least.Name));
        Item("每行一个标签；有没有第二个标注者复核，行里没有写。", "One label a row; the rows do not say whether anyone checked it.");
        Item($"最少的一类: {Cell(least.Intent)}, {least.Count} 行 {file}；这样少的行数，准确率的区间很宽。",
            $"The smallest class: {Cell(least.Intent)}, {least.Count} rows in {file}; with so few, an accuracy has a wide interval.");
        Item("类别占比不一定是真实流量的占比。", "Shares of classes need not be those of real traffic.");
    }
}
