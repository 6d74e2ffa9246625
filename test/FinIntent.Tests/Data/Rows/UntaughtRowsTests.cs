using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Intents;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>A row without a question or an answer teaches nothing: commands leave it out, and tell once where such rows are.</summary>
public sealed class UntaughtRowsTests : IDisposable
{
    const string Prompt = "A. 大盘\\nB. 个股\\n问句：";

    readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Untaught => new()
    {
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": ""}""", "the answer is empty" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": " \n"}""", "the answer is empty" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": null}""", "no answer in column \"output\"" },
        { $$"""{"instruction": "{{Prompt}}涨吗"}""", "no answer in column \"output\"" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": 1}""", "column \"output\" is a number, which is no answer" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": true}""", "column \"output\" is true or false, which is no answer" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": [ "A" ]}""", "column \"output\" is a list, which is no answer" },
        { """{"instruction": "", "input": "", "output": "A"}""", "the question is empty" },
        { $$"""{"instruction": "{{Prompt}}涨吗", "output": "A", "history": [["问", ""]]}""", "the answer of turn 1 is empty" },
    };

    [Theory, MemberData(nameof(Untaught))]
    public void Statistics_training_and_evaluation_leave_a_row_out_and_say_why(string row, string why)
    {
        var file = _folder.Write("rows.jsonl", $$"""
            {"instruction": "{{Prompt}}茅台怎么样", "output": "B"}
            {{row}}
            """);
        var expected = $"1 of 2 rows left out: {file}:2: {why}";
        List<string> told = [];

        Assert.Single(QuestionFile.LoadLabelled(file, null, null, told.Add));
        Assert.Single(QuestionFile.Load(file, null, told.Add));
        Assert.Single(Train(file, told));

        Assert.Equal(3, told.Count);
        Assert.All(told, line => Assert.Contains(expected, line));
        Assert.Contains(why, Assert.Throws<UserErrorException>(() => QuestionFile.LoadLabelled(file, null)).Message);
    }

    [Theory]
    [InlineData("question,intent\n涨吗,A\n,B\n", "rows.csv:3: the question is empty")]
    [InlineData("question,intent\n涨吗,A\n跌吗,\n", "rows.csv:3: no answer in column \"intent\"")]
    [InlineData("question,gold,label\n涨吗,A,\n跌吗,, \n", "rows.csv:3: no answer in column \"gold\"")]
    public void Empty_cells_of_a_table_are_no_answers(string content, string expected)
    {
        var file = _folder.Write("rows.csv", content);
        List<string> told = [];

        Assert.Single(QuestionFile.LoadLabelled(file, null, null, told.Add));
        Assert.Single(QuestionFile.Convert(file, IntentSchema.OpenFinData, warn: told.Add));

        Assert.All(told, line => Assert.Contains(expected, line));
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public void A_conversation_with_an_empty_answer_is_left_out()
    {
        var file = _folder.Write("rows.jsonl", """
            {"conversations": [{"from": "human", "value": "涨吗"}, {"from": "gpt", "value": "A"}]}
            {"conversations": [{"from": "human", "value": "涨吗"}, {"from": "gpt", "value": ""}]}
            """);
        List<string> told = [];

        Assert.Single(QuestionFile.LoadLabelled(file, null, null, told.Add));

        Assert.Contains("rows.jsonl:2: the answer is empty", Assert.Single(told));
    }

    [Fact]
    public void Many_rows_are_told_in_one_line_with_five_places()
    {
        var file = _folder.Write("rows.csv", "question,intent\n涨吗,A\n" + string.Concat(Enumerable.Repeat("跌吗,\n", 10_000)));
        List<string> told = [];

        QuestionFile.LoadLabelled(file, null, null, told.Add);

        var line = Assert.Single(told);
        Assert.StartsWith($"{file}: 10000 of 10001 rows left out: ", line);
        Assert.EndsWith("; …", line);
        Assert.InRange(line.Length, 1, 600);
    }

    [Fact]
    public void A_file_of_such_rows_alone_is_an_error() =>
        Assert.Contains("No row is left", Assert.Throws<UserErrorException>(() =>
            QuestionFile.LoadLabelled(_folder.Write("rows.csv", "question,intent\n涨吗,\n"), null, null, _ => { })).Message);

    static List<TokenRow> Train(string file, List<string> told)
    {
        List<TokenRow> rows = [];
        var columns = DatasetColumns.Default(RowFormat.Alpaca) with { History = "history" };
        new Dataset(new() { Name = "rows", Path = file, ColumnNames = columns })
            .Encode(null, 0, needsAnswer: true, _ => new([1], [1]), rows.Add, told.Add);
        return rows;
    }

    public void Dispose() => _folder.Dispose();
}
