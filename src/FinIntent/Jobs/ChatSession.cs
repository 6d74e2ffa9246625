using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Jobs;

/// <summary>A conversation with the model of a settings file, which remembers what was said.</summary>
sealed class ChatSession : IDisposable
{
    readonly ChatModel _chat;
    readonly AnswerOptions _options;
    readonly IntentSchema? _schema;
    readonly List<Message> _messages = [];
    long _seed;

    ChatSession(ChatModel chat, SettingsFile settings)
    {
        (_chat, _options, _seed) = (chat, Respondents.AnswersOf(settings), settings.Train.Seed);
        _schema = AnswerJob.SchemaOf(settings);
    }

    public static ChatSession Open(SettingsFile settings, Surroundings here)
    {
        var source = Prepared.Of(settings, Need.Model, here).Chat;
        return new(ChatModel.Load(source, here.Device.Value), settings);
    }

    /// <summary>Answers a question, in the light of what was said before.</summary>
    /// <param name="onText">It is given each piece of the answer as it is written; false ends the answer.</param>
    public void Ask(string question, Func<string, bool> onText)
    {
        _messages.Add(AskedQuestion.Of("", question, _schema).Conversation.Messages[0]);
        ForgetWhatDoesNotFit();
        var answer = _chat.Answer([new(null, [.. _messages])], [_seed++], _options, (_, text) => onText(text))[0];
        _messages.Add(new("assistant", answer));
    }

    public void Clear() => _messages.Clear();

    /// <summary>Removes the oldest question and its answer as long as there is no room for a new answer.</summary>
    void ForgetWhatDoesNotFit()
    {
        var room = _options.MaxLength ?? _chat.Model.Shape.MaxPositions;
        while (_messages.Count > 1 && _chat.Template.EncodePrompt(new(null, [.. _messages])).Length >= room) _messages.RemoveRange(0, 2);
    }

    public void Dispose() => _chat.Dispose();
}
