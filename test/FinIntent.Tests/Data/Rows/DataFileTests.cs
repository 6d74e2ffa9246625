using System.Text;
using FinIntent.Data.Rows;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

public sealed class DataFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("[{\"q\": \"甲\"},\n\n {\"q\": \"乙\\n]},{\", \"more\": [1, {\"x\": [2]}]}]", 1, 3)]
    [InlineData("{\"q\": \"甲\"}\n\n{\"q\": \"乙\\n]},{\"}\n", 1, 3)]
    [InlineData("\uFEFF [\n{\"q\":\n\"甲\"}\r\n, {\"q\": \"乙\\n]},{\"}\n]\n", 2, 4)]
    public void Json_lists_and_lines_give_rows_with_their_lines(string content, int first, int second)
    {
        var rows = Read("rows.json", content);

        Assert.Equal(["甲", "乙\n]},{"], rows.Select(r => r.Text("q")!));
        Assert.Equal([first, second], rows.Select(r => (int)r.Number));
    }

    [Fact]
    public void A_row_longer_than_the_buffer_is_read()
    {
        var text = new string('长', 200_000);

        var rows = Read("rows.jsonl", $"{{\"q\": \"{text}\"}}\n{{\"q\": \"短\"}}");

        Assert.Equal([text, "短"], rows.Select(r => r.Text("q")!));
    }

    [Theory]
    [InlineData("[", 1, "the list is not closed")]
    [InlineData("[{\"q\": 1}\n", 2, "the list is not closed")]
    [InlineData("[{\"q\": 1},\n", 2, "the list is not closed")]
    [InlineData("[{\"q\": 1}\n{\"q\": 2}]", 2, "expected , or ]")]
    [InlineData("[,{\"q\": 1}]", 1, "a comma stands where a row is expected")]
    [InlineData("[{\"q\": 1},]", 1, "a comma stands before ]")]
    [InlineData("[\n1]", 2, "a row must be an object")]
    [InlineData("[{\"q\": 1}]\n[", 2, "goes on after")]
    [InlineData("{\"q\": 1}\n{\"q\": ]}", 2, "not valid JSON")]
    [InlineData("{\"q\": 1}\n{\"q\":\n tru}", 3, "not valid JSON")]
    [InlineData("{\"q\": 1}\n{\"q\": \"x", 2, "not valid JSON")]
    public void Broken_json_is_named_with_its_line(string content, int line, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Read("rows.json", content));

        Assert.Contains($"rows.json:{line}:", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Empty_lists_and_files_have_no_rows()
    {
        Assert.Empty(Read("rows.json", " [ ] \n"));
        Assert.Empty(Read("rows.jsonl", "\n"));
        Assert.Empty(Read("rows.csv", "a,b\n"));
    }

    [Fact]
    public void Csv_values_keep_commas_quotes_and_line_breaks()
    {
        var rows = Read("rows.csv", "\uFEFFinstruction,input,output\n\"a, \"\"b\"\"\nc\",,A\nd,e,B\n");

        Assert.Equal(["a, \"b\"\nc", "d"], rows.Select(r => r.Text("instruction")!));
        Assert.Equal(["", "e"], rows.Select(r => r.Text("input")!));
        Assert.Equal([2, 4], rows.Select(r => (int)r.Number));
    }

    [Fact]
    public void Tabs_separate_values_too() =>
        Assert.Equal(["a, b", "c\td"], Read("rows.tsv", "q\tn\na, b\t1\n\"c\td\"\t2\n").Select(r => r.Text("q")!));

    [Theory]
    [InlineData("a,b\n1,2\n3\n", 3)]
    [InlineData("a,b\n1,2\n\"3,4\n", 3)]
    public void Broken_csv_is_named_with_its_line(string content, int line) =>
        Assert.Contains($"rows.csv:{line}:", Assert.Throws<UserErrorException>(() => Read("rows.csv", content)).Message);

    [Theory]
    [InlineData("rows.csv", "a\n", "\n")]
    [InlineData("rows.txt", "a\n", "\n")]
    [InlineData("rows.json", "{\"q\":\n\"", "\"}")]
    public void Text_that_is_not_utf8_is_refused(string name, string before, string after)
    {
        byte[] gbk = [0xB4, 0xF3, 0xC5, 0xCC]; // 大盘 in GB 18030
        File.WriteAllBytes(_folder[name], [.. Encoding.UTF8.GetBytes(before), .. gbk, .. Encoding.UTF8.GetBytes(after)]);

        var error = Assert.Throws<UserErrorException>(() => DataFile.Read(_folder[name]).Select(r => r.Text("q")).ToList());

        Assert.Matches($@"{name}:[12]: .*(UTF-8|Unicode)", error.Message);
    }

    [Fact]
    public async Task Parquet_rows_have_text_and_nested_messages()
    {
        var message = new StructField("element", new DataField<string>("from"), new DataField<string>("value"));
        var schema = new ParquetSchema(new DataField<string>("instruction"), new ListField("conversations", message),
            new DataField<int?>("n"));
        Dictionary<string, object?>[] data =
        [
            new() { ["instruction"] = "大盘怎么样", ["conversations"] = new[] { Turn("human", "问"), Turn("gpt", "答") }.ToList(), ["n"] = 5 },
            new() { ["instruction"] = null, ["conversations"] = new List<Dictionary<string, object?>>(), ["n"] = null },
        ];
        await using (var stream = File.Create(_folder["rows.parquet"]))
            await ParquetSerializer.SerializeUntypedAsync([.. data.Cast<IDictionary<string, object?>>()!], schema, stream,
                cancellationToken: TestContext.Current.CancellationToken);

        var rows = DataFile.Read(_folder["rows.parquet"]).ToList();

        Assert.Equal(["大盘怎么样", null], rows.Select(r => r.Text("instruction")));
        Assert.Equal(
            [("human", "问"), ("gpt", "答")],
            rows[0].List("conversations")!.Value.EnumerateArray()
                .Select(m => (m.GetProperty("from").GetString(), m.GetProperty("value").GetString())));
        Assert.Equal(0, rows[1].List("conversations")!.Value.GetArrayLength());
        Assert.EndsWith("rows.parquet: row 2", rows[1].Place);

        static Dictionary<string, object?> Turn(string from, string value) => new() { ["from"] = from, ["value"] = value };
    }

    [Fact]
    public void A_broken_parquet_file_is_a_user_error() =>
        Assert.Contains("cannot be read as Parquet",
            Assert.Throws<UserErrorException>(() => Read("rows.parquet", "not parquet at all")).Message);

    [Fact]
    public void A_folder_is_read_in_the_order_of_its_names_and_has_one_type()
    {
        _folder.Write("b.jsonl", "{\"q\": \"2\"}");
        _folder.Write("a.jsonl", "{\"q\": \"1\"}");
        Assert.Equal(["1", "2"], DataFile.Read(_folder.Path).Select(r => r.Text("q")!));

        _folder.Write("c.csv", "q\n3\n");
        Assert.Contains("several types (.jsonl, .csv)",
            Assert.Throws<UserErrorException>(() => DataFile.Read(_folder.Path).ToList()).Message);
    }

    [Fact]
    public void Text_lines_are_rows()
    {
        Assert.Equal(["一", "二"], Read("rows.txt", "一\n\n二\r\n").Select(r => r.Text("text")!));
        Assert.Contains(".arrow", Assert.Throws<UserErrorException>(() => Read("rows.arrow", "")).Message);
        Assert.Contains("no such file", Assert.Throws<UserErrorException>(() => DataFile.Read(_folder["none.json"])).Message);
    }

    List<SourceRow> Read(string name, string content) => [.. DataFile.Read(_folder.Write(name, content))];

    public void Dispose() => _folder.Dispose();
}
