using System.Diagnostics;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>The program itself on a machine where the library that draws cannot be loaded.</summary>
public sealed class MissingPicturesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_training_is_whole_without_its_pictures()
    {
        using var fixture = ParityFixture.Open("qwen2");
        var rows = fixture.Train.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText() + "\n");
        var settings = _folder.Write("train.yaml", $"""
            model_name_or_path: {fixture.Folder}
            tokenized_path: {_folder.Write("rows.jsonl", string.Concat(rows))}
            allow_leak: true
            max_steps: 2
            logging_steps: 1
            plot_loss: true
            report_to: tensorboard
            output_dir: {_folder["run"]}
            """);

        var error = Run("train", settings);

        Assert.Contains("warning: the pictures of the loss could not be made, the results are whole: ", error);
        Assert.Contains("libSkiaSharp", error);
        Assert.False(File.Exists(_folder["run/training_loss.png"]));
        foreach (var name in new[] { "adapter_model.safetensors", "trainer_log.jsonl", "train_results.json", "all_results.json" })
            Assert.True(File.Exists(_folder[$"run/{name}"]), name);
        Assert.NotEmpty(Directory.GetFiles(_folder["run/runs"]));
    }

    [Fact]
    public void An_evaluation_is_whole_without_its_pictures()
    {
        using var tiny = new TinyChat();
        var questions = tiny.Write("questions.json", """[{"id": "0", "question": "大盘怎么样", "A": "个股问询", "B": "大盘问询", "answer": "B"}]""");
        var settings = tiny.Write("eval.yaml", $"""
            model_name_or_path: {tiny.Model}
            template: qwen
            scoring: options
            eval_file: {questions}
            output_dir: {_folder["out"]}
            """);

        var error = Run("eval", settings);

        Assert.Contains("warning: the confusion pictures could not be made, the results are whole: ", error);
        Assert.False(File.Exists(_folder["out/confusion_scored.png"]));
        foreach (var name in new[] { "predictions.jsonl", "summary.json", "summary.txt", "report.html", "report.md" })
            Assert.True(File.Exists(_folder[$"out/{name}"]), name);
    }

    /// <summary>What it writes to the error console; its exit code is 0.</summary>
    string Run(params string[] arguments)
    {
        var start = ProgramProcess.At(ProgramWithoutSkia(), arguments);
        start.Environment["OMP_NUM_THREADS"] = "1"; // as TorchFixture
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {output.Result}{error}");
        return error;
    }

    /// <summary>The program's folder as links to its files, without the folder of native libraries that packages bring.</summary>
    string ProgramWithoutSkia()
    {
        var folder = Directory.CreateDirectory(_folder["program"]).FullName;
        foreach (var entry in Directory.GetFileSystemEntries(AppContext.BaseDirectory))
        {
            var (name, link) = (Path.GetFileName(entry), Path.Combine(folder, Path.GetFileName(entry)));
            // The host looks for libraries where these files really are.
            if (name is "finintent.dll" || name.EndsWith(".json", StringComparison.Ordinal)) File.Copy(entry, link);
            else if (Directory.Exists(entry)) Directory.CreateSymbolicLink(link, entry);
            else File.CreateSymbolicLink(link, entry);
        }
        File.Delete(Path.Combine(folder, "runtimes"));
        return Path.Combine(folder, "finintent.dll");
    }
}
