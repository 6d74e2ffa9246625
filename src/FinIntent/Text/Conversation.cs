namespace FinIntent.Text;

/// <summary>Is one message; the role is "user" or "assistant".</summary>
public sealed record Message(string Role, string Content);

/// <summary>Holds a system text (null: the template's) and messages in turn, a user's first. In training the last is the answer.</summary>
public sealed record Conversation(string? System, IReadOnlyList<Message> Messages);
