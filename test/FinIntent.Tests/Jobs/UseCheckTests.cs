using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Jobs;

public sealed class UseCheckTests : IDisposable
{
    readonly CheckedRun _run = new();

    public void Dispose() => _run.Dispose();

    string[] Export => [$"adapter_name_or_path: {_run.Tiny.Adapter}", "template: qwen", $"export_dir: {_run["merged"]}"];

    [Fact]
    public void An_export_that_is_well_is_told_its_size()
    {
        var report = _run.CheckUse(Export);

        Assert.Equal((0, 0), (report.Errors, report.Warnings));
        Assert.InRange((long)report.Facts["export_bytes"]!,
            new FileInfo(Path.Combine(_run.Tiny.Model, "model.safetensors")).Length - 10_000, 2 << 20);
    }

    [Fact]
    public void An_export_without_room_or_over_other_files_is_an_error()
    {
        _run.FreeBytes = 1;
        Assert.Contains(_run.CheckUse(Export).Findings, f => f is { Severity: Severity.Error, Subject: "disk" });

        Directory.CreateDirectory(_run["merged"]);
        File.WriteAllText(Path.Combine(_run["merged"], "letter.txt"), "");
        Assert.Contains(_run.CheckUse(Export).Findings, f =>
            f.Severity == Severity.Error && f.Detail.Contains("holds files that no export wrote"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_hubs_model_without_its_weights_the_adapter_and_the_room_are_checked(bool hasSomeShards)
    {
        File.Delete(Path.Combine(_run.Tiny.Model, "model.safetensors"));
        if (hasSomeShards)
        {
            File.WriteAllText(Path.Combine(_run.Tiny.Model, "model.safetensors.index.json"),
                """{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}""");
            File.WriteAllText(Path.Combine(_run.Tiny.Model, "model-00001-of-00002.safetensors"), "");
        }
        Assert.Contains(Check(_run.Tiny.Adapter).Findings, f =>
            f.Severity == Severity.Warning && f.Detail.Contains("not on this machine yet"));
        Assert.Contains(Check(_run.Tiny.Adapter).Findings, f => f is { Severity: Severity.Ok, Subject: "adapter" });

        File.WriteAllText(Path.Combine(_run.Tiny.Adapter, "adapter_model.safetensors"), "no weights");
        Assert.Contains(Check(_run.Tiny.Adapter).Findings, f => f is { Severity: Severity.Error, Subject: "adapter" });
        _run.FreeBytes = 1000;
        Assert.Contains(Check().Findings, f =>
            f is { Severity: Severity.Error, Subject: "disk" } && f.Detail.Contains("are to be fetched"));

        CheckReport Check(params string[] adapters)
        {
            var report = new CheckReport();
            var settings = SettingsFile.Load(_run.Tiny.Write("use.yaml", "model_name_or_path: acme/tiny\ntemplate: qwen"), []);
            new UseCheck(new(settings) { ModelFolder = _run.Tiny.Model, Adapters = adapters }, report, _run.Surroundings).Run();
            return report;
        }
    }

    [Fact]
    public void Another_template_than_in_training_is_an_error() =>
        Assert.Contains(_run.CheckUse($"adapter_name_or_path: {_run.Tiny.Adapter}", "template: default",
            $"export_dir: {_run["merged"]}").Findings,
            f => f.Severity == Severity.Error && f.Detail.Contains("was trained with \"qwen\""));

    [Theory, InlineData("gold", "B"), InlineData("intent", "top up")]
    public void Questions_that_name_their_intents_are_read_with_the_schema(string column, string intent)
    {
        var schema = _run.Tiny.Write("schema.yaml", "name: s\nlanguage: en\nlabels: letters\nintents: [{name: card lost}, {name: top up}]");
        var questions = _run.Tiny.Write("questions.jsonl", $$"""{"question": "more money", "{{column}}": "{{intent}}"}""");

        var report = _run.CheckUse("template: qwen", $"eval_file: {questions}", $"intent_schema: {schema}");

        Assert.Contains(report.Findings, f => f.Severity == Severity.Ok && f.Detail.StartsWith("1 question in"));
        Assert.Equal(0, report.Errors);
    }

    [Fact]
    public void Questions_of_an_evaluation_are_read()
    {
        var questions = _run.Tiny.Write("questions.json", """[{"instruction": "问句: 大盘怎么样\nA. 大盘问询\nB. 个股问询", "output": "A"}]""");
        Assert.Contains(_run.CheckUse("template: qwen", $"eval_file: {questions}").Findings, f =>
            f.Severity == Severity.Ok && f.Detail.StartsWith("1 question in"));

        _run.Tiny.Write("questions.json", """[{"instruction": "问句: 大盘怎么样\nA. 大盘问询\nB. 个股问询", "output": "C"}]""");
        Assert.Contains(_run.CheckUse("template: qwen", $"eval_file: {questions}").Findings, f =>
            f.Severity == Severity.Error && f.Detail.Contains("none of the options"));
    }
}
