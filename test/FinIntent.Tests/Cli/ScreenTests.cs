using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>The real program with rows that would steer the terminal.</summary>
public sealed class ScreenTests : IDisposable
{
    const string Escape = "\\u001b]0;title\\u0007\\u001b[2J\\u202e";

    readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("data", "stats", "FILE", "--folds", "0")]
    [InlineData("inspect", "tokens", "--model", "MODEL", "--template", "default", "--data", "FILE")]
    public void Text_of_rows_reaches_no_terminal_as_commands(params string[] arguments)
    {
        var file = _folder.Write("rows.json", "[" + string.Join(",", Enumerable.Range(0, 2).Select(i =>
            $$"""{"instruction": "{{Escape}}{{i}}\nA. x{{Escape}}\nB. y", "input": "", "output": "A"}""")) + "]");
        var model = Path.Combine(Reference.Root, "models/tiny/qwen2");

        var (code, output) = ProgramProcess.Run(ProgramProcess.Of(arguments.Select(a => a.Replace("FILE", file).Replace("MODEL", model))));

        Assert.Equal(0, code);
        Assert.Contains("\\x1b", output);
        Assert.DoesNotContain(output, c => c is '\u001b' or '\u0007' or '\u202e');
    }

    [Fact]
    public void Names_of_models_and_questions_that_leak_reach_no_terminal_as_commands()
    {
        var rows = _folder.Write("rows.json", $$"""[{"instruction": "茅台还能买吗{{Escape}}", "output": "A"}]""");
        var predictions = _folder.Write("predictions.jsonl",
            $$"""{"id": "{{Escape}}", "question": "q", "model": "m{{Escape}}", "gold": "A", "output": "B{{Escape}}"}""" + "\n");

        var (_, leaks) = ProgramProcess.Run(ProgramProcess.Of("data", "leaks", "--rows", rows, "--questions", rows));
        var (_, report) = ProgramProcess.Run(ProgramProcess.Of("report", predictions, "--out", _folder["report"]));

        Assert.All([leaks, report], text =>
        {
            Assert.Contains("\\x1b", text);
            Assert.DoesNotContain(text, c => c is '\u001b' or '\u0007' or '\u202e');
        });
    }

    [Fact]
    public void An_error_shows_what_it_quotes_without_commands()
    {
        var (code, output) = ProgramProcess.Run(ProgramProcess.Of("check", _folder.Write("train.yaml", "st\u001b[31mage: sft\n")));

        Assert.Equal(1, code);
        Assert.DoesNotContain('\u001b', output);
    }

    public void Dispose() => _folder.Dispose();
}
