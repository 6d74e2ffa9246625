namespace FinIntent.Text;

/// <summary>Is a token as it is shown by itself.</summary>
/// <param name="Text">Its text; where its bytes are a part of a character, "bytes:" and each byte as \x and two digits, as OpenAI's
/// server writes them.</param>
/// <param name="Bytes">Its UTF-8; null for a special token, which is no text.</param>
readonly record struct TokenText(string Text, byte[]? Bytes)
{
    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static TokenText Of(Tokenizer tokenizer, int id)
    {
        var bytes = tokenizer.BytesOf(id).ToArray();
        return new(Shown(bytes), tokenizer.IsSpecial(id) ? null : bytes);
    }

    static string Shown(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return $"bytes:{string.Concat(bytes.Select(b => $@"\x{b:x2}"))}";
        }
    }
}
