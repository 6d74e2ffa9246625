namespace FinIntent.Text;

/// <summary>Role is "user" or "assistant".</summary>
public sealed record Message(string Role, string Content);

/// <summary>System text (null: the template's) and messages in turn, a user's first. In training the last one is the answer.</summary>
public sealed record Conversation(string? System, IReadOnlyList<Message> Messages);
