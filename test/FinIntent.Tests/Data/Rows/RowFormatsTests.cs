using System.Text.Json;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>Expected conversations follow LLaMA-Factory's converters (src/llamafactory/data/converter.py, ff6d4d1).</summary>
public sealed class RowFormatsTests
{
    [Theory]
    [InlineData("""{"instruction": "问", "input": "", "output": "答"}""", "U:问 A:答")]
    [InlineData("""{"instruction": "问", "input": null, "output": ""}""", "U:问 A:")]
    [InlineData("""{"instruction": "问", "input": "补充", "output": "答"}""", "U:问\n补充 A:答")]
    [InlineData("""{"instruction": "", "input": "只有补充", "output": "答"}""", "U:只有补充 A:答")]
    [InlineData("""{"instruction": "问", "output": null}""", "U:问")]
    [InlineData("""{"instruction": "问", "output": ["甲"]}""", "U:问")]
    [InlineData("""{"instruction": "问", "output": "答", "system": "规矩", "history": [["一", "二"]]}""", "U:问 A:答")]
    public void Alpaca_rows_with_the_default_columns(string row, string expected) => Assert.Equal(expected, Show(Align(row, new())));

    [Fact]
    public void Named_columns_bring_system_and_history()
    {
        var columns = new DatasetColumns { Prompt = "q", Response = "a", System = "s", History = "h" };

        Assert.Equal("S:规矩 U:一 A:二 U:问 A:答",
            Show(Align("""{"q": "问", "a": "答", "s": "规矩", "h": [["一", "二"]], "input": "不是列"}""", new() { Columns = columns })));
        Assert.Equal("U:一 A:二 U:问 A:答", Show(Align("""{"q": "问", "a": "答", "h": "[[\"一\", \"二\"]]"}""", new() { Columns = columns })));
        Assert.Equal("U:问", Show(Align("""{"q": "问", "output": "不是列"}""", new() { Columns = new() { Prompt = "q" } })));
    }

    [Theory]
    [InlineData("""{"conversations": [{"from": "human", "value": "一"}, {"from": "gpt", "value": "二"}, """ +
        """{"from": "human", "value": "三"}, {"from": "gpt", "value": "四"}]}""", "U:一 A:二 U:三 A:四")]
    [InlineData("""{"conversations": [{"from": "system", "value": "规矩"}, """ +
        """{"from": "human", "value": "一"}, {"from": "gpt", "value": "二"}]}""", "S:规矩 U:一 A:二")]
    [InlineData("""{"conversations": [{"from": "human", "value": "一"}]}""", "the last message is not an answer")]
    [InlineData("""{"conversations": []}""", "there are no messages")]
    [InlineData("""{"conversations": [{"from": "gpt", "value": "一"}]}""", "message 1 is from \"gpt\" where \"human\" was expected")]
    [InlineData("""{"conversations": [{"from": "human", "value": "一"}, {"from": "human", "value": "二"}]}""",
        "message 2 is from \"human\" where \"gpt\" was expected")]
    [InlineData("""{"conversations": [{"from": "human", "value": "一"}, {"from": "system", "value": "二"}]}""",
        "message 2 is from \"system\" where \"gpt\" was expected")]
    public void ShareGpt_rows(string row, string expected) => Assert.Equal(expected, Show(Align(row, new() { Formatting = "sharegpt" })));

    [Fact]
    public void OpenAi_rows_and_own_tags()
    {
        const string row = """{"messages": [{"role": "system", "content": "规矩"}, {"role": "user", "content": "一"}, """ +
            """{"role": "assistant", "content": "二", "tool_calls": []}]}""";
        var tags = new DatasetTags { RoleTag = "role", ContentTag = "content", UserTag = "user", AssistantTag = "assistant" };

        Assert.Equal("S:规矩 U:一 A:二", Show(Align(row, new() { Formatting = "openai" })));
        Assert.Equal("message 1 is from \"system\" where \"user\" was expected",
            Show(Align(row, new() { Formatting = "sharegpt", Columns = new() { Messages = "messages" }, Tags = tags })));
        var columns = new DatasetColumns { Messages = "messages" };
        var withSystem = new DatasetEntry { Formatting = "sharegpt", Columns = columns, Tags = tags with { SystemTag = "system" } };
        Assert.Equal("S:规矩 U:一 A:二", Show(Align(row, withSystem)));
    }

    [Theory]
    [InlineData("alpaca", """{"question": "问", "answer": "答"}""", "no column \"instruction\"; the row has question, answer")]
    [InlineData("alpaca", """{"instruction": 5, "output": "A"}""", "column \"instruction\" must be text, not a number")]
    [InlineData("alpaca", """{"instruction": "\ud83d", "output": "A"}""", "half of a surrogate pair")]
    [InlineData("sharegpt", """{"messages": []}""", "no column \"conversations\"; the row has messages")]
    [InlineData("sharegpt", """{"conversations": "x"}""", "column \"conversations\" must be a list")]
    [InlineData("sharegpt", """{"conversations": [{"role": "user", "content": "x"}]}""", "message 1 has no \"from\"; it has role, content")]
    [InlineData("sharegpt", """{"conversations": [{"from": "human", "value": null}]}""", "\"value\" of message 1 must be text, not null")]
    [InlineData("sharegpt", """{"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "{}"}]}""",
        "calls tools")]
    [InlineData("openai",
        """{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [{}]}]}""", "calls tools")]
    public void Rows_that_do_not_fit_are_named_with_what_they_have(string formatting, string row, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Align(row, new() { Formatting = formatting }));

        Assert.StartsWith("rows.json:12: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    static AlignedRow Align(string row, DatasetEntry entry)
    {
        var format = entry.Formatting switch { "sharegpt" => RowFormat.ShareGpt, "openai" => RowFormat.OpenAi, _ => RowFormat.Alpaca };
        return RowFormats.Align(new SourceRow("rows.json", 12, true, JsonElement.Parse(row)), entry with
        {
            Format = format,
            ColumnNames = entry.Columns ?? DatasetColumns.Default(format),
            TagNames = entry.Tags ?? DatasetTags.Default(format),
        });
    }

    static string Show(AlignedRow row)
    {
        if (row.Problem is { } problem) return problem;
        var conversation = row.Conversation!;
        var system = conversation.System is null ? "" : $"S:{conversation.System} ";
        return system + string.Join(' ', conversation.Messages.Select(m => $"{(m.Role == "user" ? 'U' : 'A')}:{m.Content}"));
    }
}
