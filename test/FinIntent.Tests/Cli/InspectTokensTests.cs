using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Jobs.Inspect;
using FinIntent.Tests.Text;
using FinIntent.Text;
using Spectre.Console;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class InspectTokensTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-inspect-").FullName;

    [Theory]
    [InlineData("qwen", "qwen", false, false, 2048)]
    [InlineData("qwen", "qwen", false, false, 48)]
    [InlineData("chatglm3", "chatglm", false, true, 2048)]
    [InlineData("baichuan2", "baichuan", true, false, 2048)]
    public void The_json_file_holds_the_reference_ids(string template, string tokenizer, bool trainOnPrompt, bool maskHistory, int cutoff)
    {
        var file = File.ReadAllText(Reference.Path("fixtures/templates/supervised.json"));
        var fixture = JsonNode.Parse(file)![template]!["cases"]!.AsArray();
        var cases = fixture.Where(c => (bool)c!["options"]!["train_on_prompt"]! == trainOnPrompt
            && (bool)c["options"]!["mask_history"]! == maskHistory && (int)c["options"]!["cutoff_len"]! == cutoff).ToArray();
        var (rows, json) = (Path.Combine(_folder, "rows.json"), Path.Combine(_folder, "out.json"));
        File.WriteAllText(rows, JsonSerializer.Serialize(cases.Select(c => c!["row"])));
        List<string> arguments =
            ["tokens", "--model", SmallTokenizers.Folder(tokenizer), "--template", template, "--data", rows, "--json", json];
        if (trainOnPrompt) arguments.Add("--train-on-prompt");
        if (maskHistory) arguments.Add("--mask-history");
        if (cutoff != 2048) arguments.AddRange(["--cutoff", $"{cutoff}"]);

        using var output = new StringWriter();
        InspectCommand.Build(Plain(output)).Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });

        var written = JsonNode.Parse(File.ReadAllText(json))!.AsArray();
        Assert.Equal(5, written.Count);
        foreach (var (row, expected) in written.Zip(cases))
            foreach (var key in (string[])["input_ids", "labels", "prompt_ids"])
                Assert.Equal(expected![key]!.ToJsonString(), row![key]!.ToJsonString());
    }

    [Fact]
    public void Trained_text_is_marked_where_there_are_no_colours()
    {
        var tokenizer = SmallTokenizers.Get("qwen");

        var text = Show(tokenizer, ChatTemplate.Get("qwen", tokenizer, defaultSystem: ""),
            new(null, [new("user", "白酒"), new("assistant", "A")]));

        Assert.Equal("here: 24 tokens, 3 trained on\n<|im_start|>user↵\n白酒<|im_end|>↵\n<|im_start|>assistant↵\n«A<|im_end|>↵\n»\n", text);
    }

    [Fact]
    public void An_end_token_taught_at_the_next_question_is_shown_before_it()
    {
        var tokenizer = SmallTokenizers.Get("baichuan");

        var text = Show(tokenizer, ChatTemplate.Get("baichuan2", tokenizer),
            new(null, [new("user", "你好"), new("assistant", "好"), new("user", "再见"), new("assistant", "好")]));

        Assert.Equal(
            "here: 10 tokens, 4 trained on\n<reserved_106>你好<reserved_107>«好»‹</s>›<reserved_106>再见<reserved_107>«好</s>»\n", text);
    }

    [Theory]
    [InlineData("[]", "no rows")]
    [InlineData("""[{"instruction": "a"}]""", "rows.json:1: no answer")]
    [InlineData("""[{"question": "a"}]""", "no column instruction, conversations or messages")]
    public void Rows_that_cannot_be_trained_on_are_named(string rows, string message)
    {
        var path = Path.Combine(_folder, "rows.json");
        File.WriteAllText(path, rows);
        string[] arguments =
            ["tokens", "--model", SmallTokenizers.Folder("chatglm"), "--template", "chatglm3", "--data", path, "--json", path + ".out"];

        using var output = new StringWriter();
        var error = Assert.Throws<UserErrorException>(
            () => InspectCommand.Build(Plain(output)).Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false }));

        Assert.Contains(message, error.Message);
        Assert.Equal([path], Directory.GetFiles(_folder)); // no half-written file
    }

    [Theory]
    [InlineData("chat.json", ".")]
    [InlineData("talks", "here")]
    public void Conversations_are_shown_from_a_file_and_by_the_name_of_a_data_set(string data, string folder)
    {
        var inside = Path.Combine(_folder, "here");
        Directory.CreateDirectory(inside);
        File.WriteAllText(Path.Combine(_folder, "chat.json"),
            """[{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "A"}]}]""");
        File.WriteAllText(Path.Combine(inside, "own.json"), """[{"turns": [{"who": "user", "text": "q"}, {"who": "bot", "text": "A"}]}]""");
        File.WriteAllText(Path.Combine(inside, "dataset_info.json"), """
            {"talks": {"file_name": "own.json", "formatting": "sharegpt", "columns": {"messages": "turns"},
                "tags": {"role_tag": "who", "content_tag": "text", "user_tag": "user", "assistant_tag": "bot"}}}
            """);
        var named = data.EndsWith(".json", StringComparison.Ordinal) ? Path.Combine(_folder, data) : data;
        string[] arguments = ["tokens", "--model", SmallTokenizers.Folder("chatglm"), "--template", "chatglm3", "--data", named,
            "--dataset-dir", Path.Combine(_folder, folder)];

        using var output = new StringWriter();
        InspectCommand.Build(Plain(output)).Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });

        Assert.Contains(".json:1: ", output.ToString());
        Assert.Contains("«", output.ToString());
    }

    [Fact]
    public void A_name_that_is_no_file_and_no_data_set_is_told()
    {
        string[] arguments = ["tokens", "--model", SmallTokenizers.Folder("chatglm"), "--template", "chatglm3", "--data", "nowhere",
            "--dataset-dir", _folder];

        using var output = new StringWriter();
        var error = Assert.Throws<UserErrorException>(
            () => InspectCommand.Build(Plain(output)).Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false }));

        Assert.Contains("nowhere: no such file, and", error.Message);
    }

    /// <summary>Copying all that was read so far at each token would take minutes here.</summary>
    [Fact]
    public void A_row_of_half_a_million_tokens_is_cut_into_pieces_at_once()
    {
        var tokenizer = SmallTokenizers.Get("qwen");
        int[] ids = [.. Enumerable.Repeat(100, 500_000)];
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var row = new TokensJob(tokenizer, ChatTemplate.Get("qwen", tokenizer), new()).Shown("here", new(ids, ids));

        Assert.Equal(tokenizer.Decode([100]).Length * ids.Length, Assert.Single(row.Pieces).Text.Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"it took {watch.Elapsed}");
    }

    static string Show(Tokenizer tokenizer, ChatTemplate template, Conversation conversation)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new TokenView(Plain(writer)).WriteRow(new TokensJob(tokenizer, template, new())
            .Shown("here", template.EncodeSupervised(conversation, new())));
        return writer.ToString().TrimStart('\n');
    }

    static IAnsiConsole Plain(TextWriter writer) =>
        AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(writer) });

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
