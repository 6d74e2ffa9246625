namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>
/// The printable character that stands for each byte in a byte-level vocabulary
/// (bytes_to_unicode in https://github.com/openai/gpt-2/blob/master/src/encoder.py).
/// </summary>
static class ByteNames
{
    static readonly char[] Names = Build();

    public static string Of(byte[] token) => string.Concat(token.Select(value => Names[value]));

    static char[] Build()
    {
        var names = new char[256];
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
            names[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : next++;
        return names;
    }
}
