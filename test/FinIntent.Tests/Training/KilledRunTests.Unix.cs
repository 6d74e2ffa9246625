using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Training;

/// <summary>There is no way to send a Ctrl-C to another process's console on Windows.</summary>
public sealed partial class KilledRunTests
{
    [Fact]
    public void An_interrupted_run_saves_and_exits_with_0()
    {
        using var process = Start("stopped", "save_strategy=no", "num_train_epochs=10000");
        // A shell that starts the tests in its background has them ignore Ctrl-C, and the program with them.
        using var limit = new Timer(_ => process.Kill(), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        var output = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            if (line.StartsWith("step 2/")) Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        }
        process.WaitForExit();

        Assert.True(process.ExitCode == 0, process.StandardError.ReadToEnd());
        Assert.Contains("the same command goes on from there", output);
        Assert.InRange(Checkpoint("stopped"), 2, 1000);
    }

    /// <summary>Starts a run of one update of all rows, and sends it signals while that is under way.</summary>
    (int Code, string Text, TimeSpan AfterSignal) Signal(string name, int copies, int tokensAtOnce, params string[] signals)
    {
        using var process = Start(name, copies, "per_device_train_batch_size=1000000", "num_train_epochs=1", "save_strategy=no",
            $"max_tokens_per_forward={tokensAtOnce}");
        using var limit = new Timer(_ => process.Kill(), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        var output = process.StandardOutput.ReadLine();
        while (output is not null && !output.Contains("parameters are trained")) output = process.StandardOutput.ReadLine();
        Thread.Sleep(500);
        var clock = Stopwatch.StartNew();
        var text = "";
        foreach (var signal in signals)
        {
            Process.Start("kill", [signal, $"{process.Id}"]).WaitForExit();
            if (text.Length == 0) text = process.StandardError.ReadLine() + "\n";
        }
        text += process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text, clock.Elapsed);
    }

    [Fact]
    public void A_signal_ends_a_run_within_a_step()
    {
        var (code, text, elapsed) = Signal("huge", 2000, 200, "-TERM");

        Assert.Equal(0, code);
        Assert.Contains("stopping; once more to stop at once", text);
        Assert.Contains("stopped after step 0 of 1", text);
        Assert.True(Directory.Exists(_folder["huge/checkpoint-0"]));
        Assert.False(File.Exists(_folder["huge/.finintent.lock"]));
        Assert.InRange(elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public void A_second_signal_ends_a_run_at_once()
    {
        var (code, text, elapsed) = Signal("huge", 100, 1_000_000, "-INT", "-INT");

        Assert.Equal(128 + 2, code);
        Assert.DoesNotContain("stopped after", text);
        Assert.InRange(elapsed.TotalSeconds, 0, 2);
        Assert.False(Directory.Exists(_folder["huge/checkpoint-0"]));
    }

    [Fact]
    public void Of_two_runs_in_one_folder_the_second_is_refused_and_the_first_goes_on()
    {
        using var first = Start("both", "num_train_epochs=100000", "save_strategy=no");
        while (first.StandardOutput.ReadLine() is { } line && !line.StartsWith("step 2/", StringComparison.Ordinal)) { }

        using var second = Start("both", "num_train_epochs=100000", "save_strategy=no");
        var told = second.StandardError.ReadToEnd();
        second.WaitForExit();
        var isGoingOn = !first.HasExited;
        first.Kill(); // SIGKILL
        first.WaitForExit();
        Finish("both"); // nothing has to be removed after a kill

        Assert.True(isGoingOn);
        Assert.Equal(1, second.ExitCode);
        Assert.Matches($@"output_dir: .*both is being written by finintent train \(process {first.Id} on \S+, since [-\d]+ [:\d]+Z\): " +
            "wait until that has ended, or name another output_dir", told);
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder["both"]), file => file.EndsWith(".lock", StringComparison.Ordinal));
    }
}
