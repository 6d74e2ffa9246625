using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>How a conversation becomes tokens and labels.</summary>
sealed class RowEncoder(Func<Conversation, TokenRow> encode)
{
    public TokenRow Encode(Conversation conversation) => encode(conversation);

    /// <summary>Of which every answer that is taught has one; empty: rows are no answers.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    public static RowEncoder For(Stage stage, DatasetSettings settings, Tokenizer tokenizer, ChatTemplate template) =>
        stage == Stage.Pt ? PlainText(tokenizer, template) : Supervised(settings, template);

    /// <summary>For sft: the template's prompt, and the answers as labels.</summary>
    static RowEncoder Supervised(DatasetSettings settings, ChatTemplate template)
    {
        if (settings.TrainOnPrompt && template.EfficientEos)
            throw new UserErrorException($"train_on_prompt: template \"{template.Name}\" teaches the end of an answer at the next prompt, whose labels would be in the way; set it to false");
        // LLaMA-Factory leaves room for one token of padding when it packs.
        var packs = settings.NeatPacking || settings.Packing == true;
        var length = packs ? Math.Max(1, settings.CutoffLen - 1) : settings.CutoffLen;
        var options = new SupervisedOptions(length, settings.TrainOnPrompt, settings.MaskHistory);
        return new(conversation =>
        {
            var row = template.EncodeSupervised(conversation, options);
            return new(row.InputIds, row.Labels) { CutTokens = row.CutTokens };
        })
        {
            EndTokens = template.StopTokenIds,
        };
    }

    /// <summary>For pt: the first message alone, as plain text with the end-of-text token behind it; every token is a label.</summary>
    static RowEncoder PlainText(Tokenizer tokenizer, ChatTemplate template)
    {
        // As in LLaMA-Factory: Llama-3's chats end a turn with another token than its texts.
        var endOfText = (template.Name == "llama3" ? tokenizer.IdOf("<|end_of_text|>") : template.EosTokenId)
            ?? throw new UserErrorException("stage: pt puts an end token behind each text, and the model's tokenizer_config.json names no eos_token; add it there");
        return new(conversation =>
        {
            int[] ids = [.. tokenizer.Encode(conversation.Messages[0].Content), endOfText];
            return new(ids, ids);
        });
    }
}
