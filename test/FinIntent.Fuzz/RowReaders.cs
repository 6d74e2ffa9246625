using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Data.Tables;
using FinIntent.Data.Tokens;
using FinIntent.Intents;

namespace FinIntent.Fuzz;

/// <summary>Rows of every type, in every use that verbs make of them.</summary>
static class RowReaders
{
    const string Alpaca = """
        {"instruction": "净值是多少？\nA. 行情\nB. 资讯", "input": "", "output": "A", "history": [["q", "a"], ["r", "b"]], "n": 1.5}
        {"instruction": "x\nA. 行情\nB. 资讯", "input": "y", "output": "B", "history": [], "n": null, "system": "s"}
        """;

    const string ShareGpt = """
        [{"conversations": [{"from": "human", "value": "净值\nA. x\nB. y"}, {"from": "gpt", "value": "A"}], "system": "s", "tools": ""},
         {"conversations": [{"from": "human", "value": "q\nA. x\nB. y"}, {"from": "gpt", "value": "A"},
                            {"from": "human", "value": "r\nA. x\nB. y"}, {"from": "gpt", "value": "B"}]}]
        """;

    const string Questions = """
        [{"id": "1", "question": "净值是多少？", "gold": "A"},
         {"id": 2, "question": "行情", "gold": "B", "history": [["a", "b"]]}]
        """;

    const string Table = "instruction,input,output,n\n\"净值是多少？\nA. 行情\nB. 资讯\",,A,1\n\"a \"\"b\"\", c\nA. x\nB. y\",z,B,2\n";

    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        Rows(".json", Format.Json, ShareGpt, $"[{Alpaca.Replace("}\n{", "},\n{")}]"),
        Rows(".jsonl", Format.Json, Alpaca, "{\"question\": \"净值\", \"intent\": \"行情查询\"}\n{\"text\": \"x\"}"),
        Rows(".csv", Format.Text, Table, "question,intent\n净值,行情查询\n\"a,b\",行情查询\n"),
        Rows(".tsv", Format.Text, Table.Replace(',', '\t')),
        Rows(".txt", Format.Text, "净值是多少？\n\nx y z\r\n最后一行"),
        Rows(".parquet", Format.Bytes) with
        {
            Seeds = [Seeds.Parquet(Alpaca), Seeds.Parquet(string.Concat(Enumerable.Repeat(Alpaca + "\n", 40)))],
        },
        new("questions", Format.Json, "questions.json", AskAll)
        {
            Seeds = [Seeds.Text(Questions), Seeds.Text(ShareGpt)],
            Covers = "QuestionFile",
        },
        new("table survey", Format.Json, "rows.jsonl", path => TableSurvey.Of(path))
        {
            Seeds = [Seeds.Text(Alpaca)],
            Covers = "TableSurvey SeenColumns",
        },
        new("table survey .parquet", Format.Bytes, "rows.parquet", path => TableSurvey.Of(path))
        {
            Seeds = [Seeds.Parquet(Alpaca)],
            Covers = "ParquetColumn ParquetKinds",
        },
        new("leak questions", Format.Json, "items.json", path => LeakCheck.QuestionsOf(path))
        {
            Seeds = [Seeds.Text(ShareGpt), Seeds.Text(Questions)],
            Covers = "LeakCheck",
        },
        new("token rows", Format.Json, "tokens.jsonl", path => TokenizedFile.Read(path, (_, row) => row, _ => { }))
        {
            Seeds = [Seeds.Record("tokens.jsonl")],
            Covers = "TokenizedFile",
        },
        new("token cache", Format.Bytes, "x.rows", ReadStored)
        {
            Seeds = [Seeds.Record("cache/tokens/b8818edd731ea2a427edc345e1b57f19.rows")],
            Covers = "StoredRows TokenCache",
        },
    ];

    static FuzzedReader Rows(string ending, Format format, params string[] seeds) =>
        new($"rows {ending}", format, "rows" + ending, ReadRows)
        {
            Seeds = [.. seeds.Select(Seeds.Text)],
            Covers = "DataFile JsonRows CsvRows TextRows ParquetRows ParquetValues SourceRow JsonBytes RowFormats",
        };

    static DatasetEntry Entry(RowFormat format) =>
        new() { Format = format, ColumnNames = DatasetColumns.Default(format), TagNames = DatasetTags.Default(format) };

    // A row is of one kind, so most of its uses refuse it; only words of our own may come out.
    static void ReadRows(string path)
    {
        List<UserErrorException> refused = [];
        foreach (var row in DataFile.Read(path))
        {
            Action[] uses =
            [
                () => RowFormats.Align(row, Entry(RowFormat.Alpaca)), () => RowFormats.Align(row, Entry(RowFormat.ShareGpt)),
                () => RowFormats.Align(row, Entry(RowFormat.OpenAi)), () => LabelledRow.Of(row, IntentSchema.OpenFinData),
                () => OpenFinData.IsIntentItem(row), () => QuestionRow.Prompts(row).Count(),
            ];
            foreach (var use in uses) Note(use);
        }
        DataFile.ReadRange(path, 1, 1).Count();
        if (refused.Find(Trial.HasForeignWords) is { } worst) throw worst;

        void Note(Action use)
        {
            try
            {
                use();
            }
            catch (UserErrorException e)
            {
                refused.Add(e);
            }
        }
    }

    static void AskAll(string path)
    {
        QuestionFile.LoadAsked(path, IntentSchema.OpenFinData);
        QuestionFile.LoadLabelled(path, IntentSchema.OpenFinData);
        QuestionFile.Load(path, IntentSchema.OpenFinData);
    }

    static void ReadStored(string path)
    {
        if (StoredRows.Open(path) is not { } stored) return;
        using var rows = stored.Rows;
        for (var i = 0; i < rows.Count; i++) rows.Read(i);
    }
}
