using FinIntent.Text;

namespace FinIntent.Data;

/// <summary>How a conversation becomes tokens and labels.</summary>
sealed class RowEncoder(Func<Conversation, TokenRow> encode)
{
    public TokenRow Encode(Conversation conversation) => encode(conversation);

    /// <summary>For pre-training: the first message alone, as plain text with the end-of-text token behind it; every token is a label.</summary>
    public static RowEncoder PlainText(Tokenizer tokenizer, int endOfText) => new(conversation =>
    {
        int[] ids = [.. tokenizer.Encode(conversation.Messages[0].Content), endOfText];
        return new(ids, ids);
    });
}
