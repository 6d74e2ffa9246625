using System.Text.Json.Nodes;
using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Upgrade;

/// <summary>Files of a version to come are refused, and the message tells both versions; nothing of them is changed.</summary>
public sealed class NewerFilesTests : IDisposable
{
    readonly EarlierFiles _files = new("be23cd3");

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("stopped/checkpoint-6/trainer_state.json", "train", "train.yaml", "output_dir=stopped")]
    [InlineData("finished/run.json", "eval", "eval.yaml", "output_dir=out")]
    [InlineData("exported/finintent.json",
        "inference", "eval.yaml", "model_name_or_path=exported", "adapter_name_or_path=", "question=Is it")]
    [InlineData("answers-half/predictions.run.json", "eval", "eval.yaml", "output_dir=answers-half")]
    [InlineData("answers/predictions.run.json", "report", "answers/predictions.jsonl", "--out", "out")]
    [InlineData("study/tiny/base.jsonl.step.json", "experiment", "study.yaml")]
    [InlineData("written-half/journal.run.json", "data", "generate", "write.yaml", "--local", "output_dir=written-half")]
    public void A_file_in_a_newer_format_is_refused_with_both_versions(string file, params string[] arguments)
    {
        var json = JsonNode.Parse(_files.Text(file))!.AsObject();
        json[FormatVersion.Key] = 99;
        json[FormatVersion.WriterKey] = "9.8.7";
        File.WriteAllText(_files[file], json.ToJsonString());
        var before = Content(Path.GetDirectoryName(_files[file])!);

        var message = _files.RunAny(arguments).Output;

        Assert.Contains($"FinIntent 9.8.7 wrote it in format 99; this is FinIntent {ProgramVersion.Number}, which reads this file up to " +
            "format 1; use FinIntent 9.8.7 or newer", message);
        Assert.Equal(before, Content(Path.GetDirectoryName(_files[file])!));
    }

    static Dictionary<string, string> Content(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, FileFingerprint.Of);
}
