using FinIntent.Files;
using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Jobs;

/// <summary>Outputs that cannot be written are told by the check and by the run, before a model is loaded.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class OutputTests : IDisposable
{
    readonly CheckedRun _run = new();

    public void Dispose() => _run.Dispose();

    static string ErrorOf(Action action) => Assert.Throws<UserErrorException>(action).Message;

    SettingsFile Use(params string[] lines)
    {
        string[] all = [$"model_name_or_path: {_run.Tiny.Model}", "template: qwen", .. lines];
        return SettingsFile.Load(_run.Tiny.Write("use.yaml", string.Join('\n', all)), []);
    }

    /// <summary>Makes weights unreadable: whoever loads the model before looking at the output ends with another error.</summary>
    void BreakWeights() => File.WriteAllText(Path.Combine(_run.Tiny.Model, "model.safetensors"), "no weights");

    [Fact]
    public void A_training_into_a_file_or_a_folder_in_use_does_not_begin()
    {
        _run.Tiny.Write("file", "");
        Assert.Contains(_run.Check($"output_dir={_run["file"]}").Findings, f =>
            f is { Severity: Severity.Error, Subject: "output_dir" } && f.Detail.Contains("is a file"));
        Assert.Contains("is a file", ErrorOf(() => _run.Train($"output_dir={_run["file"]}")));

        using (OutputPlace.Filled(_run["out"], "output_dir").Lock("train"))
        {
            Assert.Contains(_run.Check().Findings, f =>
                f is { Severity: Severity.Error, Subject: "output_dir" } && f.Detail.Contains("is being written by finintent train"));
            Assert.Contains("is being written by finintent train", ErrorOf(() => _run.Train()));
        }
        Assert.True(_run.Train().IsFinished);
    }

    [Fact]
    public void Room_that_a_runs_own_checkpoints_take_is_not_asked_for_again()
    {
        _run.Train("save_steps=1");
        File.Delete(Path.Combine(_run["out"], "train_results.json"));
        var whole = (long)_run.Check("save_steps=1", $"output_dir={_run["other"]}").Facts["disk_needed_bytes"]!;
        var rest = (long)_run.Check("save_steps=1").Facts["disk_needed_bytes"]!;

        Assert.InRange(rest, 1, whole / 2);
    }

    [Fact]
    public void An_export_without_room_or_place_ends_before_the_weights_are_read()
    {
        var settings = Use($"adapter_name_or_path: {_run.Tiny.Adapter}", $"export_dir: {_run["merged"]}");
        BreakWeights();

        using (OutputPlace.Replaced(_run["merged"], "export_dir").Lock("export"))
        {
            Assert.Contains("is being written by finintent export", ErrorOf(() => ExportJob.Run(settings, _run.Surroundings)));
            var report = _run.CheckUse($"export_dir: {_run["merged"]}", "template: qwen");
            Assert.Contains(report.Findings, f => f is { Subject: "export_dir" } && f.Detail.Contains("is being written"));
        }
        _run.Tiny.Write("merged", "");
        Assert.Contains("is a file", ErrorOf(() => ExportJob.Run(settings, _run.Surroundings)));
    }

    [Fact]
    public void An_export_without_room_is_refused()
    {
        var settings = Use($"adapter_name_or_path: {_run.Tiny.Adapter}", $"export_dir: {_run["merged"]}");
        _run.FreeBytes = 100;

        Assert.Matches("for the export, .* are free at .*make room", ErrorOf(() => ExportJob.Run(settings, _run.Surroundings)));
        Assert.False(Directory.Exists(_run["merged"]));
    }

    [Fact]
    public void Answers_that_another_run_writes_or_a_folder_in_their_place_are_told()
    {
        var questions = _run.Tiny.Write("q.txt", "茅台今天多少钱\n");
        var settings = Use($"questions: {questions}", $"answers: {_run["answers.jsonl"]}");
        BreakWeights();
        using (OutputPlace.File(_run["answers.jsonl"], "answers").Lock("inference"))
        {
            var stop = TestContext.Current.CancellationToken;
            Assert.Contains("is being written by finintent inference",
                ErrorOf(() => AnswerJob.Run(settings, questions, _run.Surroundings, (_, _, _) => { }, stop)));
        }
        Directory.CreateDirectory(_run["answers.jsonl"]);
        var report = _run.CheckUse("template: qwen", $"questions: {questions}", $"answers: {_run["answers.jsonl"]}");
        Assert.Contains(report.Findings, f => f.Severity == Severity.Error && f.Detail.Contains("is a folder; name a file in it"));
    }

    [Fact]
    public void An_evaluation_that_was_stopped_keeps_its_answers_and_frees_its_folder()
    {
        var rows = string.Join(",\n", Enumerable.Range(0, 20).Select(i =>
            $$"""{"id": "{{i}}", "question": "第{{i}}个问题怎么办", "gold": "A"}"""));
        var file = _run.Tiny.Write("exam.json", $"[{rows}]");
        var schema = _run.Tiny.Write("schema.yaml", "name: s\nlanguage: zh\nlabels: letters\nintents: [{name: 基金}, {name: 股票}]");
        var settings = Use($"eval_file: {file}", $"intent_schema: {schema}", $"output_dir: {_run["eval"]}", "scoring: options",
            "scoring_tokens: 300");
        using var stop = new CancellationTokenSource();
        var error = new StopAt(stop, "questions");

        Assert.Throws<OperationCanceledException>(() => ScoreJob.Run(settings, _run.Surroundings with { Error = error }, stop.Token));
        var kept = File.ReadAllLines(Path.Combine(_run["eval"], "predictions.jsonl")).Length;
        ScoreJob.Run(settings, _run.Surroundings, TestContext.Current.CancellationToken);

        Assert.InRange(kept, 1, 19);
        Assert.Equal(20, File.ReadAllLines(Path.Combine(_run["eval"], "predictions.jsonl")).Length);
        Assert.False(File.Exists(Path.Combine(_run["eval"], ".finintent.lock")));
    }

    sealed class StopAt(CancellationTokenSource stop, string word) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            if (value?.Contains(word) == true) stop.Cancel();
        }
    }
}
