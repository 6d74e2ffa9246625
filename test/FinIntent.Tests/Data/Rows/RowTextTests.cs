using System.Text;
using FinIntent.Data.Rows;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>What is wrong with the text of a file of rows is told in words of our own, with the file's own line.</summary>
public sealed class RowTextTests : IDisposable
{
    static readonly byte[] Gbk = [0xB9, 0xC9, 0xCA, 0xD0]; // 股市 in GB 18030

    readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("{\"q\": 1}\n{\"q\": NaN}", 2, "NaN is no word of JSON; write null")]
    [InlineData("[{\"q\": 1},\n{\"q\": 2,}]", 2, "a comma stands before }")]
    [InlineData("[{\"q\": 1},\n]", 2, "a comma stands before ]")]
    [InlineData("{\"q\": 1} // a remark\n", 1, "JSON has no comments")]
    [InlineData("{\"q\": 1}\n{\"q\": 'x'}", 2, "double quotes")]
    [InlineData("{\"q\":\n\n\"a\nb\"}", 3, "(the row begins in line 1)")]
    [InlineData("{\"q\": 1}\n{\"q\": 1, \"q\": 2}", 2, "the key \"q\" stands twice")]
    [InlineData("{\"q\": 1}\n{\"q\": {\"r\": 1, \"\\u0072\": 2}}", 2, "the key \"r\" stands twice")]
    [InlineData("{\"q\": 1}\n{\"q\": \"\\ud83d\"}", 2, "half of a surrogate pair")]
    [InlineData("{\"q\": 1}\n{\"\\udead\": 1}", 2, "half of a surrogate pair")]
    public void What_is_no_json_is_told_with_its_line(string content, int line, string words)
    {
        var message = Refusal("rows.jsonl", Encoding.UTF8.GetBytes(content));

        Assert.StartsWith($"{_folder["rows.jsonl"]}:{line}: ", message);
        Assert.Contains(words, message);
        Assert.DoesNotContain("LineNumber", message);
    }

    [Theory]
    [InlineData("rows.json", "[\n{\"q\": \"甲\",\n\"a\": \"A\"},\n{\"q\": \"乙\", \"a\": \"B\"}\n]\n")]
    [InlineData("rows.jsonl", "{\"q\": \"甲\", \"a\": \"A\"}\n\n{\"q\": \"乙\", \"a\": \"B\"}\n")]
    [InlineData("rows.csv", "q,a\n甲,A\n乙,B\n")]
    [InlineData("rows.tsv", "q\ta\n甲\tA\n乙\tB")]
    public void Line_ends_of_Windows_give_the_same_rows_at_the_same_lines(string name, string content)
    {
        var rows = Read(content);

        Assert.Equal(["甲 A", "乙 B"], rows.Select(row => row[..3]));
        Assert.Equal(rows, Read(content.Replace("\n", "\r\n")));

        string[] Read(string text) =>
            [.. DataFile.Read(_folder.Write(name, text)).Select(row => $"{row.Text("q")} {row.Text("a")} {row.Place}")];
    }

    [Fact]
    public void Rows_too_deep_are_refused() =>
        Assert.Contains("more than 64 deep", Refusal("rows.json",
            Encoding.UTF8.GetBytes("{\"q\": " + new string('[', 100) + new string(']', 100) + "}")));

    [Theory]
    [InlineData("rows.jsonl", "{\"q\": 1}\n{\"", "\": 1}")]
    [InlineData("rows.jsonl", "{\"q\": 1}\n{\"q\": \"", "\"}")]
    [InlineData("rows.csv", "q\n", "\n")]
    [InlineData("rows.csv", "q\n\n\"", "\"\n")]
    [InlineData("rows.tsv", "q", "\tb\n1\t2\n")]
    [InlineData("rows.txt", "q\n", "")]
    public void Names_and_values_that_are_no_utf8_are_refused_with_the_line(string name, string before, string after)
    {
        var message = Refusal(name, [.. Encoding.UTF8.GetBytes(before), .. Gbk, .. Encoding.UTF8.GetBytes(after)]);

        Assert.Contains($"{name}:{before.Count(c => c == '\n') + 1}: the text is not UTF-8", message);
        Assert.Contains("iconv", message);
    }

    [Theory]
    [InlineData("rows.json", "[{\"q\": \"涨\"}]")]
    [InlineData("rows.csv", "q\n涨\n")]
    [InlineData("rows.tsv", "q\tr\n涨\t1\n")]
    public void Utf16_with_its_mark_is_read(string name, string content)
    {
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            File.WriteAllBytes(_folder[name], [.. encoding.GetPreamble(), .. encoding.GetBytes(content)]);

            Assert.Equal("涨", Assert.Single(DataFile.Read(_folder[name])).Text("q"));
        }
    }

    [Theory]
    [InlineData("rows.json", "[{\"q\": \"涨\"}]")]
    [InlineData("rows.csv", "q\n涨了\n")]
    [InlineData("rows.txt", "涨了\n")]
    public void Utf16_without_a_mark_is_told(string name, string content) =>
        Assert.Matches("zero byte|not UTF-8", Refusal(name, Encoding.Unicode.GetBytes(content)));

    [Theory]
    [InlineData("a,b,a\n1,2,3\n", 1, "2 columns are called \"a\"")]
    [InlineData("a,,\n1,2,3\n", 1, "2 columns have no name")]
    [InlineData("a,b\n1,2,3\n", 2, "the row has 3 values, and the header 2 columns")]
    [InlineData("a,b\n1,\"2\n", 2, "a quote is opened and not closed")]
    [InlineData("a,b\n1,\"2\"3\n", 2, "text stands behind a closing quote")]
    [InlineData("a,b\n1,2\"3\n", 2, "a quote stands inside a value")]
    public void What_is_wrong_with_csv_is_told_with_its_line(string content, int line, string words)
    {
        var message = Refusal("rows.csv", Encoding.UTF8.GetBytes(content));

        Assert.StartsWith($"{_folder["rows.csv"]}:{line}: ", message);
        Assert.Contains(words, message);
    }

    [Fact]
    public void One_column_may_be_without_a_name_as_an_index_is() =>
        Assert.Equal("涨", Assert.Single(DataFile.Read(_folder.Write("rows.csv", ",q\n0,涨\n"))).Text("q"));

    [Fact]
    public void A_folder_with_the_ending_of_a_file_and_no_file_in_it_is_told()
    {
        Directory.CreateDirectory(_folder["rows.json"]);

        Assert.Contains("no files", Assert.Throws<UserErrorException>(() => DataFile.Read(_folder["rows.json"]).ToList()).Message);
    }

    string Refusal(string name, byte[] content)
    {
        File.WriteAllBytes(_folder[name], content);
        return Assert.Throws<UserErrorException>(() => DataFile.Read(_folder[name]).Count()).Message;
    }

    public void Dispose() => _folder.Dispose();
}
