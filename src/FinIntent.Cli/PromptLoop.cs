using System.Runtime.InteropServices;
using FinIntent.Jobs;

namespace FinIntent.Cli;

/// <summary>A conversation in the terminal. Answers appear as they are written; Ctrl-C ends the one under way.</summary>
sealed class PromptLoop : IDisposable
{
    readonly ChatSession _session;
    readonly TextWriter _output;
    readonly PosixSignalRegistration _interrupt;
    volatile bool _isAnswering, _isStopped;

    public PromptLoop(ChatSession session, TextWriter output)
    {
        (_session, _output) = (session, output);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT,
            context => context.Cancel = _isStopped = _isAnswering && !_isStopped);
    }

    /// <summary>Reads questions until the input ends or says exit.</summary>
    public void Run(TextReader input)
    {
        _output.WriteLine("Ask, and end a line with Enter. clear: begin a new conversation; exit: leave; Ctrl-C: stop an answer.");
        while (true)
        {
            _output.Write("> ");
            _output.Flush();
            switch (input.ReadLine()?.Trim())
            {
                case null or "exit" or "/exit":
                    _output.WriteLine();
                    return;
                case "clear" or "/clear":
                    _session.Clear();
                    break;
                case "":
                    break;
                case var question:
                    Ask(question);
                    break;
            }
        }
    }

    public void Ask(string question)
    {
        (_isAnswering, _isStopped) = (true, false);
        _session.Ask(question, text =>
        {
            _output.Write(text);
            _output.Flush();
            return !_isStopped;
        });
        _isAnswering = false;
        _output.WriteLine();
    }

    public void Dispose() => _interrupt.Dispose();
}
