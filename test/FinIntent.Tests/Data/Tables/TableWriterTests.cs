using System.Text.Json;
using FinIntent.Data.Rows;
using FinIntent.Data.Tables;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace FinIntent.Tests.Data.Tables;

public sealed class TableWriterTests : IDisposable
{
    /// <summary>What is hard to keep: separators, quotes, line breaks, emoji, nothing, null, long numbers, lists and objects.</summary>
    const string Hard = """
        {"text": "a,\"b\"\tc\r\nd", "n": 9007199254740993, "x": 0.1, "big": 123456789012345678901234567890, "yes": true, "tags": ["一","a,\"b\""]}
        {"text": "涨📈了吗", "n": null, "x": 1, "big": 1, "yes": false, "tags": [], "history": [["问","答\n"]], "any": {"k":[1,null]}}
        {"text": "", "n": -5, "x": -2.5e-7, "big": null, "yes": null, "tags": null, "history": null, "any": "text"}
        {"text": "  = 1 ", "any": 5}

        """;

    static readonly string[] Types = [".csv", ".tsv", ".json", ".jsonl", ".parquet"];
    static readonly TableColumn[] Added =
        [new("intent", ColumnKind.Text), new("p", ColumnKind.Number), new("sure", ColumnKind.Boolean), new("set", ColumnKind.Texts)];

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Pairs => new(Types.SelectMany(from => Types.Select(to => (from, to))));

    [Theory, MemberData(nameof(Pairs))]
    public void A_way_from_any_type_to_any_other_keeps_columns_and_values(string from, string to)
    {
        var file = _folder.Write("hard.jsonl", Hard);

        var back = Values(Convert(Convert(file, "first" + from), "second" + to));

        Assert.Equal(4, back.Count);
        foreach (var (row, found) in Values(file).Zip(back))
        {
            Assert.Equal(row.Keys, found.Keys.Where(row.ContainsKey));
            Assert.All(found, cell =>
                Assert.Equal(row.TryGetValue(cell.Key, out var value) ? Normal(cell.Key, value) : "", Normal(cell.Key, cell.Value)));
        }
    }

    /// <summary>The value as text, as .csv and .tsv hold it; of x the number, which Parquet holds.</summary>
    static string Normal(string name, JsonElement value) => value.ValueKind == JsonValueKind.Null ? ""
        : name == "x" && value.ToString() is { Length: > 0 } number ? double.Parse(number).ToString()
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetRawText() : value.ToString();

    [Theory]
    [InlineData(".json", "Text Integer Number Json Boolean Texts Json Json")]
    [InlineData(".jsonl", "Text Integer Number Json Boolean Texts Json Json")]
    [InlineData(".parquet", "Text Integer Number Text Boolean Texts Text Text")]
    [InlineData(".csv", "Text Text Text Text Text Text Text Text")]
    public void A_survey_tells_rows_columns_and_kinds(string type, string kinds)
    {
        var file = Convert(_folder.Write("hard.jsonl", Hard), "table" + type);

        var survey = TableSurvey.Of(file, Stop);

        Assert.Equal(4, survey.Rows);
        Assert.Equal(["text", "n", "x", "big", "yes", "tags", "history", "any"], survey.Columns.Select(c => c.Name));
        Assert.Equal(kinds, string.Join(' ', survey.Columns.Select(c => c.Kind)));
    }

    [Theory]
    [InlineData(".csv", "text,intent,p,sure,set\n涨,\"a \"\"b\"\"\",0.25,true,\"[\"\"A\"\",\"\"乙\"\"]\"\n跌,,,,[]\n")]
    [InlineData(".tsv", "text\tintent\tp\tsure\tset\n涨\t\"a \"\"b\"\"\"\t0.25\ttrue\t\"[\"\"A\"\",\"\"乙\"\"]\"\n跌\t\t\t\t[]\n")]
    [InlineData(".jsonl",
        "{\"text\": \"涨\", \"intent\": \"a \\\"b\\\"\", \"p\": 0.25, \"sure\": true, \"set\": [\"A\",\"乙\"]}\n" +
        "{\"text\": \"跌\", \"intent\": null, \"p\": null, \"sure\": null, \"set\": []}\n")]
    [InlineData(".json",
        "[\n{\"text\": \"涨\", \"intent\": \"a \\\"b\\\"\", \"p\": 0.25, \"sure\": true, \"set\": [\"A\",\"乙\"]},\n" +
        "{\"text\": \"跌\", \"intent\": null, \"p\": null, \"sure\": null, \"set\": []}\n]\n")]
    public void Added_columns_stand_behind_the_rows_own(string type, string expected) =>
        Assert.Equal(expected, File.ReadAllText(WithAdded(type)));

    [Fact]
    public void In_Parquet_an_added_list_is_a_list_and_nothing_is_null()
    {
        var file = WithAdded(".parquet");

        Assert.Equal(
            [("text", ColumnKind.Text), ("intent", ColumnKind.Text), ("p", ColumnKind.Number), ("sure", ColumnKind.Boolean),
                ("set", ColumnKind.Texts)],
            TableSurvey.Of(file, Stop).Columns.Select(c => (c.Name, c.Kind)));
        Assert.Equal(
            ["""{"text":"涨","intent":"a \"b\"","p":0.25,"sure":true,"set":["A","乙"]}""",
                """{"text":"跌","intent":null,"p":null,"sure":null,"set":[]}"""],
            DataFile.Read(file).Select(row => row.Columns.GetRawText()));
    }

    string WithAdded(string type)
    {
        var file = _folder.Write("two.jsonl", "{\"text\":\"涨\"}\n{\"text\":\"跌\"}\n");
        var rows = DataFile.Read(file).ToList();
        using var stream = File.Create(_folder["added" + type]);
        using var writer = TableWriter.Open(stream, type, [new("text", ColumnKind.Text)], Added);
        writer.Write(rows[0], ["a \"b\"", 0.25, true, new[] { "A", "乙" }]);
        writer.Write(rows[1], [Cell.None, double.NaN, Cell.None, Array.Empty<string>()]);
        writer.Finish();
        return _folder["added" + type];
    }

    [Fact]
    public void A_parquet_file_of_several_row_groups_keeps_the_order()
    {
        var file = _folder.Write("many.csv", "n\n" + string.Concat(Enumerable.Range(0, 120_001).Select(i => $"{i}\n")));

        var back = DataFile.Read(Convert(file, "many.parquet")).Select(row => row.Text("n")!);

        Assert.Equal(Enumerable.Range(0, 120_001).Select(i => $"{i}"), back);
        Assert.Equal(120_001, TableSurvey.Of(_folder["many.parquet"], Stop).Rows);
    }

    /// <summary>Half of a surrogate pair is no character: JSON can hold it, and a row that has one must not end the others.</summary>
    [Fact]
    public void A_broken_surrogate_is_an_error_of_its_text_and_the_rest_of_its_row_is_kept()
    {
        const string Line = """{"text": "坏\ud800\\u0041\n", "id": "7", "more": "\uD83D\uDE00\u0041\/"}""";
        var file = _folder.Write("broken.jsonl", Line + "\n");
        var row = Assert.Single(DataFile.ReadCopied(file));

        var error = Assert.Throws<UserErrorException>(() => row.Text("text"));

        Assert.Contains("broken.jsonl:1: column \"text\" has half of a surrogate pair", error.Message);
        Assert.Equal(("7", "😀A/"), (row.Text("id"), row.Text("more")));
        Assert.Equal(Line + "\n", File.ReadAllText(Convert(file, "back.jsonl")));
        Assert.All([".csv", ".tsv", ".parquet"], type =>
            Assert.Equal("坏\uFFFD\\u0041\n", Assert.Single(DataFile.Read(Convert(file, "back" + type))).Text("text")));
    }

    [Fact]
    public async Task Parquet_values_of_every_type_are_read()
    {
        var schema = new ParquetSchema(new DataField<short>("n"), new DataField<float?>("x"), new DecimalDataField("d", 10, 2),
            new DataField<DateTime>("t"), new DataField<Guid>("g"), new DataField<ulong>("u"), new DataField<int[]>("list"));
        await using (var stream = File.Create(_folder["types.parquet"]))
        await using (var writer = await ParquetWriter.CreateAsync(schema, stream, cancellationToken: Stop))
        {
            using var group = writer.CreateRowGroup();
            await group.WriteAsync<short>(schema.DataFields[0], new short[] { -3, 4 }, cancellationToken: Stop);
            await group.WriteAsync<float>(schema.DataFields[1], new float?[] { float.NaN, null }, cancellationToken: Stop);
            await group.WriteAsync<decimal>(schema.DataFields[2], new[] { 12.34m, -1m }, cancellationToken: Stop);
            var day = new DateTime(2026, 11, 30, 0, 0, 0, DateTimeKind.Utc);
            await group.WriteAsync<DateTime>(schema.DataFields[3], new[] { day, day.AddHours(1) }, cancellationToken: Stop);
            await group.WriteAsync<Guid>(schema.DataFields[4], new Guid[2], cancellationToken: Stop);
            await group.WriteAsync<ulong>(schema.DataFields[5], new[] { ulong.MaxValue, 1ul }, cancellationToken: Stop);
            await group.WriteAsync<int>(schema.DataFields[6], new[] { 1, 2, 3 }, new[] { 0, 1, 0 }, cancellationToken: Stop);
        }

        const string Id = "00000000-0000-0000-0000-000000000000";
        Assert.Equal(
            [$$"""{"n":-3,"x":"NaN","d":12.34,"t":"2026-11-30T00:00:00","g":"{{Id}}","u":18446744073709551615,"list":[1,2]}""",
                $$"""{"n":4,"x":null,"d":-1.00,"t":"2026-11-30T01:00:00","g":"{{Id}}","u":1,"list":[3]}"""],
            DataFile.Read(_folder["types.parquet"]).Select(row => row.Columns.GetRawText()));
        Assert.Equal("Integer Number Number Text Text Json Json",
            string.Join(' ', TableSurvey.Of(_folder["types.parquet"], Stop).Columns.Select(c => c.Kind)));
        Assert.Contains("\"x\": \"NaN\"", File.ReadAllText(Convert(_folder["types.parquet"], "types.jsonl")));
        Assert.Equal("NaN", DataFile.Read(Convert(_folder["types.parquet"], "again.parquet")).First().Text("x"));
    }

    [Theory]
    [InlineData("t.csv", "a,b,a\n1,2,3\n", "t.csv:1: 2 columns are called \"a\"")]
    [InlineData("t.jsonl", "{\"a\": 1}\n{\"a\": 1, \"\\u0061\": 2}", "t.jsonl:2: the key \"a\" stands twice")]
    [InlineData("t.jsonl", "{\"a\": 1}\n{\"\\ud800\": 1}", "t.jsonl:2: a text has half of a surrogate pair")]
    [InlineData("t.jsonl", "{\"a\": 1}\n{\"a\": }", "t.jsonl:2: not valid JSON")]
    [InlineData("t.csv", "a,b\n1,2\n1\n", "t.csv:3:")]
    [InlineData("t.arrow", "", "rows are read from .json")]
    public void What_cannot_become_a_table_is_told_before_anything_is_done(string name, string content, string expected)
    {
        var file = _folder.Write(name, content);

        var error = Assert.Throws<UserErrorException>(() => TableSurvey.Of(file, Stop));

        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_column_that_differs_from_file_to_file_of_a_folder_is_kept_as_json()
    {
        Directory.CreateDirectory(_folder["all"]);
        foreach (var (i, line) in ((string[])["""{"n": 7, "t": "x"}""", """{"n": "y", "t": "z", "more": 1}"""]).Index())
            File.Copy(Convert(_folder.Write("one.jsonl", line), "one.parquet"), Path.Combine(_folder["all"], $"{i}.parquet"));

        var survey = TableSurvey.Of(_folder["all"], Stop);

        Assert.Equal(2, survey.Rows);
        Assert.Equal("n Json, t Text, more Integer", string.Join(", ", survey.Columns.Select(c => $"{c.Name} {c.Kind}")));
        Assert.Equal(["7", "y"], DataFile.Read(Convert(_folder["all"], "out.parquet")).Select(row => row.Text("n")!));
    }

    [Fact]
    public void A_name_that_an_added_column_would_repeat_is_told()
    {
        var survey = TableSurvey.Of(_folder.Write("t.csv", "text,intent\nx,y\n"), Stop);

        Assert.Equal(["intent"], survey.Repeated(["intent", "label"]));
        Assert.True(survey.Has("text"));
    }

    [Fact]
    public void A_table_without_rows_has_its_header_or_an_empty_list()
    {
        var file = _folder.Write("t.csv", "a,b\n");

        Assert.Equal("a,b\n", File.ReadAllText(Convert(file, "e.csv")));
        Assert.Equal("[]\n", File.ReadAllText(Convert(file, "e.json")));
        Assert.Equal("", File.ReadAllText(Convert(file, "e.jsonl")));
        Assert.Empty(DataFile.Read(Convert(file, "e.parquet")));
    }

    [Fact]
    public void Rows_of_a_stream_come_as_soon_as_they_are_whole()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        using var client = new System.IO.Pipes.AnonymousPipeClientStream(pipe.GetClientHandleAsString());
        using var rows = JsonRows.Read(client, "-").GetEnumerator();

        pipe.Write("{\"text\": \"一\"}\n{\"te"u8);
        Assert.True(rows.MoveNext());
        Assert.Equal(("一", "-:1"), (rows.Current.Text("text"), rows.Current.Place));
        pipe.Write("xt\": \"二\"}"u8);
        Assert.True(rows.MoveNext());
        Assert.Equal(("二", "-:2"), (rows.Current.Text("text"), rows.Current.Place));
    }

    [Theory, InlineData(".csv"), InlineData(".tsv"), InlineData(".json"), InlineData(".jsonl"), InlineData(".parquet")]
    public void The_same_rows_give_the_same_bytes(string type)
    {
        var file = _folder.Write("hard.jsonl", Hard);

        Assert.Equal(File.ReadAllBytes(Convert(file, "one" + type)), File.ReadAllBytes(Convert(file, "two" + type)));
    }

    string Convert(string file, string name)
    {
        var survey = TableSurvey.Of(file, Stop);
        using var stream = File.Create(_folder[name]);
        using var writer = TableWriter.Open(stream, Path.GetExtension(name), survey.Columns, []);
        foreach (var row in DataFile.ReadCopied(file)) writer.Write(row, []);
        writer.Finish();
        return _folder[name];
    }

    static List<Dictionary<string, JsonElement>> Values(string file) =>
        [.. DataFile.Read(file).Select(row => row.Columns.EnumerateObject().ToDictionary(c => c.Name, c => c.Value))];
}
