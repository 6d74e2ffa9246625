using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>Runs the SDK's programs, and programs that they built, each in a process of its own.</summary>
static class Dotnet
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>The configuration in which these tests and the library were built.</summary>
    public static string Configuration { get; } =
        Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)).StartsWith("release", StringComparison.Ordinal)
            ? "Release" : "Debug";

    /// <summary>The folder of the SDK that runs these tests, which a tool's program needs where HOME is another.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Runs the SDK in a folder; it must succeed.</summary>
    public static Task<string> Run(string folder, params string[] arguments) => Run(folder, "dotnet", arguments);

    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>What it printed on standard output.</returns>
    public static async Task<string> Run(
        string folder, string program, string[] arguments, string input = "", params (string Name, string Value)[] variables)
    {
        var (code, output, error) = await End(folder, program, arguments, input, variables);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: exit code {code}\n{output}\n{error}");
        return output;
    }

    /// <summary>Runs a program that must end with 1.</summary>
    /// <returns>What it printed on standard error.</returns>
    public static async Task<string> Refused(string program, string[] arguments, params (string Name, string Value)[] variables)
    {
        var (code, output, error) = await End(Path.GetDirectoryName(program)!, program, arguments, "", variables);
        Assert.True(code == 1, $"{program} {string.Join(' ', arguments)}: exit code {code}\n{output}\n{error}");
        return error;
    }

    static async Task<(int Code, string Output, string Error)> End(
        string folder, string program, string[] arguments, string input, (string Name, string Value)[] variables)
    {
        using var process = Start(folder, program, arguments, variables);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), await error);
    }

    /// <param name="variables">What the program's environment has besides this one's.</param>
    public static Process Start(string folder, string program, string[] arguments, params (string Name, string Value)[] variables)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        // What the SDK that runs the tests tells its children is about these tests' project.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment.Remove("FININTENT_LIBTORCH");
        // A server that stays would keep this process's pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
