using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Says how rows are laid together, as `packing` and `neat_packing` ask.</summary>
/// <param name="CutsText">Says that texts of pre-training are laid end to end and cut into rows of cutoff_len.</param>
/// <param name="PackLength">The most tokens of a pack of whole supervised rows; null means that they are not packed.</param>
readonly record struct RowPacking(bool CutsText, int? PackLength)
{
    // LLaMA-Factory keeps one token of a pack free, for padding.
    public static RowPacking Of(DatasetSettings settings, Stage stage) => stage == Stage.Pt
        ? new(settings.Packing ?? true, null)
        : new(false, settings.NeatPacking || settings.Packing == true ? Math.Max(1, settings.CutoffLen - 1) : null);
}

/// <summary>Turns conversations into tokens and labels.</summary>
sealed class RowEncoder(Func<Conversation, TokenRow> encode)
{
    public TokenRow Encode(Conversation conversation) => encode(conversation);

    /// <summary>The tokens that a taught answer may end in, always in one of them; empty where rows are no answers.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    public static RowEncoder For(Stage stage, DatasetSettings settings, Tokenizer tokenizer, ChatTemplate template) =>
        stage == Stage.Pt ? PlainText(tokenizer, template) : Supervised(settings, template);

    /// <summary>Makes the encoder for sft: the template's prompt, and the answers as labels.</summary>
    static RowEncoder Supervised(DatasetSettings settings, ChatTemplate template)
    {
        if (settings.TrainOnPrompt && template.EfficientEos)
            throw new UserErrorException($"train_on_prompt: template \"{template.Name}\" teaches the end of an answer " +
                "at the next prompt, whose labels would be in the way; set it to false");
        var length = RowPacking.Of(settings, Stage.Sft).PackLength ?? settings.CutoffLen;
        var options = new SupervisedOptions(length, settings.TrainOnPrompt, settings.MaskHistory);
        return new(conversation => template.EncodeSupervised(conversation, options)) { EndTokens = template.StopTokenIds };
    }

    /// <summary>Makes the encoder for pt: the first message as plain text, then the end-of-text token; every token is a label.</summary>
    static RowEncoder PlainText(Tokenizer tokenizer, ChatTemplate template)
    {
        var endOfText = template.EndOfTextId ?? throw new UserErrorException(
            "stage: pt puts an end token behind each text, and the model's tokenizer_config.json names no eos_token; add it there");
        return new(conversation =>
        {
            int[] ids = [.. tokenizer.Encode(conversation.Messages[0].Content), endOfText];
            return new(ids, ids);
        });
    }
}
