using System.Diagnostics;
using System.Text.Json;
using FinIntent.Tests.Contracts;
using Xunit;

namespace FinIntent.Tests.Training;

/// <summary>The program itself, killed with SIGKILL at moments that hurt.</summary>
public sealed partial class KilledRunTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    Process Start(string name, params string[] more) => Start(name, copies: 1, more);

    Process Start(string name, int copies, params string[] more)
    {
        using var fixture = ParityFixture.Open("qwen2");
        var rows = fixture.Train.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText());
        var all = string.Concat(rows.Select(row => row + "\n"));
        var tokens = _folder.Write("rows.jsonl", string.Concat(Enumerable.Repeat(all, copies)));
        var settings = _folder.Write("train.yaml", $"""
            model_name_or_path: {fixture.Folder}
            tokenized_path: {tokens}
            allow_leak: true
            lora_dropout: 0.1
            per_device_train_batch_size: 4
            num_train_epochs: 5
            learning_rate: 0.005
            logging_steps: 1
            save_steps: 1
            save_total_limit: 3
            """);
        var start = ProgramProcess.Of(["train", settings, $"output_dir={_folder[name]}", .. more]);
        start.Environment["OMP_NUM_THREADS"] = "1"; // as TorchFixture
        return Process.Start(start)!;
    }

    void Finish(string name, params string[] more)
    {
        using var process = Start(name, more);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
    }

    /// <summary>Kills the run at the first moment <paramref name="isMoment"/> sees; false if it ended before.</summary>
    bool Kill(string name, Func<bool> isMoment)
    {
        using var process = Start(name);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        while (!process.HasExited && !isMoment()) Thread.Yield();
        var killed = !process.HasExited;
        process.Kill();
        process.WaitForExit();
        return killed;
    }

    int Checkpoint(string name) => !Directory.Exists(_folder[name]) ? 0 : Directory.EnumerateDirectories(_folder[name], "checkpoint-*")
        .Select(path => int.Parse(Path.GetFileName(path)["checkpoint-".Length..])).DefaultIfEmpty().Max();

    double[] Losses(string name) => [.. File.ReadLines(Path.Combine(_folder[name], "trainer_log.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    [Fact]
    public void A_run_killed_several_times_ends_with_the_same_bits()
    {
        Finish("whole");
        var random = new Random(3);

        // In the middle of a save: its temporary folder is there.
        Assert.True(Kill("killed", () => Checkpoint("killed") >= 2
            && Directory.EnumerateDirectories(_folder["killed"], ".checkpoint-*").Any()));
        // At any moment after some more steps.
        var next = Checkpoint("killed") + 5;
        Assert.True(Kill("killed", () =>
        {
            if (Checkpoint("killed") < next) return false;
            Thread.Sleep(random.Next(40));
            return true;
        }));
        Assert.InRange(Checkpoint("killed"), next, 39);
        Finish("killed");

        Assert.Equal(40, Losses("whole").Length);
        Assert.Equal(Losses("whole"), Losses("killed"));
        foreach (var file in (string[])["adapter_model.safetensors", "checkpoint-40/optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(_folder[$"whole/{file}"]), File.ReadAllBytes(_folder[$"killed/{file}"]));
    }
}
