using FinIntent.Generation;
using FinIntent.Server.Errors;
using FinIntent.Text;

namespace FinIntent.Server.Serving;

/// <summary>Is a request's place at the model while an answer is written or chosen: room, a version that stays, and a deadline.
/// Disposing it gives all back.</summary>
sealed class ModelPlace : IDisposable
{
    readonly ModelHost _host;
    readonly ServedModels.Lease _lease;
    readonly Admission.Ticket _ticket;
    readonly Deadline _deadline;
    readonly RequestRecord _record;

    /// <param name="model">The model's or an adapter's name; null: the default.</param>
    /// <param name="deadline">How long the answer is of use; null: the server's own.</param>
    /// <exception cref="ServerError">404: there is no such model. 429, 503: there is no room now.</exception>
    public ModelPlace(ModelHost host, string? model, int answers, TimeSpan? deadline, RequestRecord record, CancellationToken aborted)
    {
        (_host, _record) = (host, record);
        _lease = host.Models.Take(model);
        try
        {
            record.Adapter = Version.Name;
            _ticket = host.Admission.Enter(answers);
            _deadline = host.DeadlineOf(deadline, aborted);
            var template = Version.Taught?.Template ?? host.Chat.Template;
            Chat = ReferenceEquals(template, host.Chat.Template) ? host.Chat
                : ChatModel.Of(host.Chat.Model, host.Chat.Tokenizer, template);
        }
        catch
        {
            _deadline?.Dispose();
            _ticket?.Dispose();
            _lease.Dispose();
            throw;
        }
    }

    public ServedVersion Version => _lease.Version;

    /// <summary>The model, talked to in the template of the version. It is the host's, and not to be disposed.</summary>
    public ChatModel Chat { get; }

    /// <summary>Begins an answer. Nothing is computed yet.</summary>
    /// <exception cref="ServerError">400, 429: the prompt is too long, or there is no room for it now.</exception>
    public WrittenAnswer Begin(Conversation conversation, AnswerOptions options, long seed) =>
        Begin(() => new AnswerRun(Chat, conversation, seed, options with { Adapter = Version.Weights }), options);

    /// <summary>Begins the continuation of a text.</summary>
    /// <inheritdoc cref="Begin(Conversation, AnswerOptions, long)"/>
    public WrittenAnswer Begin(string text, AnswerOptions options, long seed) =>
        Begin(() => AnswerRun.OfText(Chat, text, seed, options with { Adapter = Version.Weights }), options);

    WrittenAnswer Begin(Func<AnswerRun> begin, AnswerOptions options)
    {
        var start = Stopwatch.GetTimestamp();
        var run = begin();
        try
        {
            // Room is what the model has behind the prompt, at most: a caller's number added to it may be more than an int holds.
            Count(run.PromptTokens + Math.Min(options.MaxNewTokens, Chat.Model.Shape.MaxPositions - run.PromptTokens));
            _record.Tokenized += Stopwatch.GetElapsedTime(start);
            return new(_host, run, _deadline, _record);
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Scores the answers that a conversation may have.</summary>
    /// <exception cref="UserErrorException">The prompt is too long, or the tokenizer does not tell the choices apart.</exception>
    public async Task<(ChoiceAnswer Answer, int PromptTokens)> ChooseAsync(Conversation conversation, IReadOnlyList<string> choices)
    {
        var start = Stopwatch.GetTimestamp();
        var question = ChoiceQuestion.For(Chat.Template, conversation, choices);
        Count(question.Prompt.Length + question.Ids.Sum(ids => ids.Length));
        _record.Tokenized += Stopwatch.GetElapsedTime(start);
        var scored = (await _deadline.Await(_host.ScoreAll([question.Question], Version, _deadline.Token)))[0];
        (_record.Queued, _record.Computed) = (scored.Queued, scored.Computed);
        return (question.AnswerOf(scored.Reading), question.Prompt.Length);
    }

    void Count(int tokens)
    {
        if (tokens > _host.Admission.MaxTokens)
            throw ServerError.BadRequest($"prompt and answer have up to {tokens} tokens and the server takes " +
                $"{_host.Admission.MaxTokens}; shorten the prompt or ask for fewer tokens", code: "context_length_exceeded");
        _ticket.Count(tokens);
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _ticket.Dispose();
        _lease.Dispose();
    }
}
