using System.Runtime.InteropServices;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Cli;

/// <summary>A conversation in the terminal. Answers appear as they are written; Ctrl-C ends the one under way.</summary>
sealed class PromptLoop : IDisposable
{
    readonly ChatModel _chat;
    readonly AnswerOptions _options;
    readonly IntentSchema? _schema;
    readonly TextWriter _output;
    readonly PosixSignalRegistration _interrupt;
    readonly List<Message> _messages = [];
    long _seed;
    volatile bool _isAnswering, _isStopped;

    public PromptLoop(ChatModel chat, AnswerOptions options, long seed, IntentSchema? schema, TextWriter output)
    {
        (_chat, _options, _seed, _schema, _output) = (chat, options, seed, schema, output);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = _isStopped = _isAnswering && !_isStopped);
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
                    _messages.Clear();
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
        _messages.Add(AskedQuestion.Of("", question, _schema).Conversation.Messages[0]);
        ForgetWhatDoesNotFit();
        (_isAnswering, _isStopped) = (true, false);
        var answer = _chat.Answer([new(null, [.. _messages])], [_seed++], _options, (_, text) =>
        {
            _output.Write(text);
            _output.Flush();
            return !_isStopped;
        })[0];
        _isAnswering = false;
        _output.WriteLine();
        _messages.Add(new("assistant", answer));
    }

    /// <summary>The oldest question and its answer go while there is no room for an answer.</summary>
    void ForgetWhatDoesNotFit()
    {
        while (_messages.Count > 1 && _chat.Template.EncodePrompt(new(null, [.. _messages])).Length >= (_options.MaxLength ?? _chat.Model.Shape.MaxPositions))
            _messages.RemoveRange(0, 2);
    }

    public void Dispose() => _interrupt.Dispose();
}
