namespace FinIntent.Text;

/// <summary>Maps text to token ids and back; thread-safe. No text becomes a special token: <see cref="IdOf"/> reaches those.</summary>
abstract class Tokenizer
{
    public int? BosTokenId { get; protected init; }
    public int? EosTokenId { get; protected init; }
    public int? PadTokenId { get; protected init; }

    /// <summary>One more than the highest id; a model's embedding may have more rows than that.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>What to say of the files that were read; null where there is nothing to say.</summary>
    public string? Note { get; private set; }

    /// <summary>Opens a checkpoint folder's tokenizer.json (byte-level BPE), else its tokenizer.model (SentencePiece BPE).</summary>
    /// <remarks>Where both are there and the first is of another kind, the second is used: both were made from the same
    /// vocabulary.</remarks>
    /// <exception cref="UserErrorException">The folder has neither file, or one that is damaged or not supported.</exception>
    public static Tokenizer Load(string folder)
    {
        var config = TokenizerConfig.Load(folder);
        var hasModel = File.Exists(Path.Combine(folder, SentencePieceModel.FileName));
        if (File.Exists(Path.Combine(folder, TokenizerJson.FileName)))
        {
            try
            {
                return new ByteLevelTokenizer(TokenizerJson.Read(folder), config);
            }
            catch (UnreadTokenizerException e) when (!hasModel)
            {
                throw new UserErrorException(e.Message, e);
            }
            catch (UnreadTokenizerException e)
            {
                return Other(folder, config, e.Message);
            }
        }
        if (hasModel) return new SentencePieceTokenizer(SentencePieceModel.Read(folder), config);
        throw new UserErrorException($"{folder} holds neither {TokenizerJson.FileName} nor {SentencePieceModel.FileName}; " +
            "copy the base model's tokenizer files there");
    }

    /// <summary>Opens tokenizer.model beside a tokenizer.json that is not read, whose added tokens it takes.</summary>
    static SentencePieceTokenizer Other(string folder, TokenizerConfig config, string reason)
    {
        var added = TokenizerJson.ReadAddedTokens(folder);
        try
        {
            return new(SentencePieceModel.Read(folder), config with
            {
                AddedTokens = [.. config.AddedTokens, .. added.Where(token => config.AddedTokens.All(t => t.Content != token.Content))],
            })
            { Note = $"{SentencePieceModel.FileName} is used, since {reason}" };
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{reason}; and {e.Message}", e);
        }
    }

    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, TokenizerJson.FileName)) || File.Exists(Path.Combine(folder, SentencePieceModel.FileName));

    /// <summary>Returns the ids of a text, with no special token among them.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>();
        Encode(text, ids);
        return [.. ids];
    }

    public abstract void Encode(string text, List<int> ids);

    /// <summary>Returns the id of a token by its name in the vocabulary or among the added tokens; null when there is none.</summary>
    public abstract int? IdOf(string token);

    /// <summary>Returns the text of ids; ids outside the vocabulary give no text.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var stream = Stream(skipSpecialTokens);
        var text = new StringBuilder();
        foreach (var id in ids) text.Append(stream.Append(id));
        return text.Append(stream.Finish()).ToString();
    }

    /// <summary>Decodes one id at a time, as an answer grows.</summary>
    public TokenStream Stream(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    /// <summary>Reads invalid UTF-8 as this tokenizer's reference does.</summary>
    internal virtual Decoder Utf8Decoder() => Encoding.UTF8.GetDecoder();

    /// <summary>Says whether a leading blank of the whole text belongs to the encoding and not to the text.</summary>
    internal virtual bool AddsLeadingBlank => false;

    internal abstract bool IsSpecial(int id);

    /// <summary>Returns the UTF-8 that an id stands for, perhaps a part of a character; empty outside the vocabulary.</summary>
    internal abstract ReadOnlySpan<byte> BytesOf(int id);
}
