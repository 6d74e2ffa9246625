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
}
