using System.CommandLine;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Tests.Jobs;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class CheckCommandTests : IDisposable
{
    readonly CheckedRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Warnings_end_with_0_and_the_last_line_counts_them()
    {
        var (code, printed) = Check(_run.Write(), "cutoff_len=125");

        Assert.Equal(0, code);
        Assert.Contains("\nwarning  cutoff_len    1 of 4 rows (training)", printed);
        Assert.Contains("\n                         " + $"{_run["train.jsonl"]}:2 (130 tokens)\n", printed);
        Assert.EndsWith("\n0 errors, 1 warning\n", printed);
    }

    [Fact]
    public void Errors_end_with_1_and_are_written_as_JSON()
    {
        File.WriteAllLines(_run["train.jsonl"], Enumerable.Range(0, 20).Select(i => $$"""{"text": "{{i}}"}"""));

        var (code, printed) = Check(_run.Write("colour: red"), "--json", _run["check.json"]);

        var json = JsonNode.Parse(File.ReadAllText(_run["check.json"]))!;
        Assert.Equal(1, code);
        Assert.Contains("… and 15 more", printed);
        Assert.EndsWith($"\n{(int)json["errors"]!} errors, 0 warnings\n", printed);
        Assert.Contains(json["findings"]!.AsArray(), f => (string)f!["subject"]! == "settings" && ((string)f["detail"]!)
            .StartsWith("train.yaml:10: unknown key \"colour\""));
        Assert.Contains(json["findings"]!.AsArray(), f => (int)f!["count"]! == 20 && f["places"]!.AsArray().Count == 5);
    }

    [Fact]
    public void Settings_of_an_export_are_checked_as_such()
    {
        var file = _run.Tiny.Write("export.yaml",
            $"model_name_or_path: {_run.Tiny.Model}\nadapter_name_or_path: {_run.Tiny.Adapter}\nexport_dir: {_run["merged"]}");

        var (code, printed) = Check(file);

        Assert.Equal(0, code);
        Assert.Contains("for the export", printed);
    }

    [Fact]
    public void Training_does_not_begin_with_an_error()
    {
        var error = new StringWriter();

        Assert.Equal(1, TrainCommand.Build().Parse([_run.Write(), "template=llama3"])
            .Invoke(new() { Error = error, EnableDefaultExceptionHandler = false }));

        Assert.Contains("template \"llama3\" needs bos_token, <|start_header_id|>", error.ToString());
        Assert.False(Directory.Exists(_run["out"]));
    }

    static (int Code, string Printed) Check(params string[] arguments)
    {
        var output = new StringWriter { NewLine = "\n" };
        var code = CheckCommand.Build().Parse(arguments)
            .Invoke(new() { Output = output, Error = TextWriter.Null, EnableDefaultExceptionHandler = false });
        return (code, output.ToString());
    }
}
