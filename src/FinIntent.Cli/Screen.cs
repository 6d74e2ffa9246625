using System.Runtime.Versioning;
using FinIntent.Files;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>The terminal that the program writes to: UTF-8 on every system, and all text inert but its own progress lines.</summary>
static class Screen
{
    static TextWriter _output = Console.Out, _error = Console.Error;

    /// <summary>Standard output with colours, for a caller who makes every text from outside inert.</summary>
    public static IAnsiConsole Output => Of(_output, Console.IsOutputRedirected);

    /// <summary>Standard error in the same way.</summary>
    public static IAnsiConsole Error => Of(_error, Console.IsErrorRedirected);

    /// <summary>Puts itself in front of the console, before anything is written.</summary>
    public static void Open()
    {
        if (OperatingSystem.IsWindows()) UseUtf8();
        (_output, _error) = (Console.Out, Console.Error);
        Console.SetOut(new InertWriter(_output));
        Console.SetError(new InertWriter(_error));
    }

    static IAnsiConsole Of(TextWriter writer, bool isRedirected) => AnsiConsole.Create(new()
    {
        Out = new Terminal(writer, !isRedirected),
        Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
    });

    // Spectre's own takes only the console's present writer, which is ours, for a terminal.
    sealed class Terminal(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        readonly AnsiConsoleOutput _console = new(writer);

        public TextWriter Writer => writer;
        public bool IsTerminal => isTerminal;
        public int Width => _console.Width;
        public int Height => _console.Height;

        public void SetEncoding(Encoding encoding) => _console.SetEncoding(encoding);
    }

    // A console of Windows begins with the code page of the country, in which Chinese or a dash may have no place.
    [SupportedOSPlatform("windows")]
    static void UseUtf8()
    {
        try
        {
            (Console.OutputEncoding, Console.InputEncoding) = (new UTF8Encoding(false), new UTF8Encoding(false));
        }
        catch (IOException)
        {
            // There is no console: the output goes to a file or a pipe, which are UTF-8 anyway.
        }
    }
}
