namespace FinIntent.Text;

/// <summary>Decodes ids one by one; a character whose bytes come in several tokens is held back until it is whole.</summary>
sealed class TokenStream
{
    readonly Tokenizer _tokenizer;
    readonly bool _skipSpecialTokens;
    readonly Decoder _utf8;
    bool _dropBlank;

    internal TokenStream(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);
        (_utf8, _dropBlank) = (tokenizer.Utf8Decoder(), tokenizer.AddsLeadingBlank);
    }

    /// <summary>Returns the text that this id completes, which is often empty in the middle of a character.</summary>
    public string Append(int id) => _skipSpecialTokens && _tokenizer.IsSpecial(id) ? "" : Convert(_tokenizer.BytesOf(id), flush: false);

    /// <summary>Returns what was held back: U+FFFD for a character that never became whole.</summary>
    public string Finish() => Convert([], flush: true);

    string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var count = _utf8.GetCharCount(bytes, flush);
        Span<char> chars = count <= 256 ? stackalloc char[count] : new char[count];
        chars = chars[.._utf8.GetChars(bytes, chars, flush)];
        if (chars.IsEmpty) return "";
        if (_dropBlank && chars[0] == ' ') chars = chars[1..];
        _dropBlank = false;
        return chars.ToString();
    }
}
