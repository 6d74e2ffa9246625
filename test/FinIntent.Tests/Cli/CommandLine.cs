using System.CommandLine;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>A command as a user starts it, in this process.</summary>
static class CommandLine
{
    /// <summary>What the command prints. User errors come out as exceptions.</summary>
    public static string Run(Command command, params string[] arguments)
    {
        var output = new StringWriter { NewLine = "\n" };
        var code = command.Parse(arguments)
            .Invoke(new() { Output = output, Error = TextWriter.Null, EnableDefaultExceptionHandler = false });
        Assert.True(code == 0, $"exit code {code}: {output}");
        return output.ToString();
    }
}
