using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests;

/// <summary>The program that stands beside the tests, as a process of its own.</summary>
static class ProgramProcess
{
    /// <summary>Says how the program is started; both outputs are read by the caller.</summary>
    public static ProcessStartInfo Of(params IEnumerable<string> arguments) =>
        At(Path.Combine(AppContext.BaseDirectory, "finintent.dll"), arguments);

    /// <summary>Says the same of a copy of the program.</summary>
    public static ProcessStartInfo At(string program, IEnumerable<string> arguments)
    {
        var host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return new(host, [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>Standard output, and standard error behind it.</returns>
    public static (int Code, string Output) Run(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
