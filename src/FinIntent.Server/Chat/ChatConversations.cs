using FinIntent.Classification;
using FinIntent.Server.Errors;
using FinIntent.Server.Wire;
using FinIntent.Text;
using Microsoft.Extensions.AI;

namespace FinIntent.Server.Chat;

/// <summary>Reads the messages of a request as a conversation.</summary>
static class ChatConversations
{
    /// <exception cref="ServerError">400: they are no conversation that the model can answer.</exception>
    public static Conversation Of(IReadOnlyList<ChatMessageWire> messages)
    {
        List<ChatMessage> said = [];
        foreach (var (i, message) in messages.Index())
        {
            if (message is null) // a list of JSON may hold null, whatever its type says
                throw ServerError.BadRequest($"messages[{i}] is null; give a message with role and content", $"messages[{i}]");
            UnsupportedFields.Check(message.Others, $"messages[{i}].");
            said.Add(new(RoleOf(message.Role, i), message.Content?.Text ?? ""));
        }
        try
        {
            return ChatRequest.ConversationOf(said, null);
        }
        catch (UserErrorException e)
        {
            throw ServerError.BadRequest(e.Message, "messages");
        }
    }

    static ChatRole RoleOf(string role, int index) => role switch
    {
        "system" or "developer" => ChatRole.System,
        "user" => ChatRole.User,
        "assistant" => ChatRole.Assistant,
        _ => throw ServerError.BadRequest(
            $"messages[{index}].role is {JsonTexts.Shown(role)}; the model knows system, user and assistant", $"messages[{index}].role"),
    };
}
