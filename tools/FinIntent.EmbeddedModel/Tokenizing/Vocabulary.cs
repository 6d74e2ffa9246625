using System.Text;

namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>What a token is made of. It decides which tokens may grow together.</summary>
enum TokenKind
{
    /// <summary>Part of a character's UTF-8.</summary>
    Fragment,
    Letters,
    Digit,
    Blank,
    Signs,
}

/// <summary>The tokens of a byte-level BPE, bytes first, and the merges that make the others, in order.</summary>
sealed class Vocabulary
{
    readonly List<byte[]> _tokens = [];
    readonly List<TokenKind> _kinds = [];
    readonly List<(int Left, int Right)> _merges = [];
    readonly Dictionary<(int Left, int Right), int> _merged = [];

    public Vocabulary()
    {
        for (var value = 0; value < 256; value++) Add([(byte)value]);
    }

    public IReadOnlyList<byte[]> Tokens => _tokens;

    public IReadOnlyList<(int Left, int Right)> Merges => _merges;

    /// <summary>The token that a merge made; null when the pair is not merged.</summary>
    public int? Merged(int left, int right) => _merged.TryGetValue((left, right), out var token) ? token : null;

    public int Merge(int left, int right)
    {
        var token = Add([.. _tokens[left], .. _tokens[right]]);
        _merges.Add((left, right));
        _merged.Add((left, right), token);
        return token;
    }

    /// <summary>
    /// Words grow from letters, and signs from signs, so that a word is the same token behind every sign; only a Latin word takes the
    /// blank before it. Bytes grow only into the character they are part of.
    /// </summary>
    public bool MayMerge(int left, int right, int maxBytes)
    {
        if (_tokens[left].Length + _tokens[right].Length > maxBytes) return false;
        return (_kinds[left], _kinds[right]) switch
        {
            (TokenKind.Fragment, TokenKind.Fragment) => IsCharacterPrefix([.. _tokens[left], .. _tokens[right]]),
            (TokenKind.Blank, TokenKind.Letters) => _tokens[right][0] < 0x80,
            (TokenKind.Blank, TokenKind.Signs) => true,
            (TokenKind.Digit, _) => false,
            var (a, b) => a == b,
        };
    }

    /// <summary>A word's tokens, merged as an encoder does: the earliest learnt pair first.</summary>
    public int[] Encode(string word)
    {
        var tokens = Array.ConvertAll(Encoding.UTF8.GetBytes(word), value => (int)value);
        while (tokens.Length > 1)
        {
            var (best, pair) = (int.MaxValue, (0, 0));
            for (var i = 1; i < tokens.Length; i++)
                if (Merged(tokens[i - 1], tokens[i]) is { } merged && merged < best) (best, pair) = (merged, (tokens[i - 1], tokens[i]));
            if (best == int.MaxValue) break;
            tokens = Replace(tokens, pair, best);
        }
        return tokens;
    }

    /// <summary>Every occurrence of the pair, from the left, becomes the token.</summary>
    public static int[] Replace(int[] tokens, (int Left, int Right) pair, int token)
    {
        var result = new int[tokens.Length];
        var count = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            var isPair = i + 1 < tokens.Length && tokens[i] == pair.Left && tokens[i + 1] == pair.Right;
            result[count++] = isPair ? token : tokens[i];
            if (isPair) i++;
        }
        return result[..count];
    }

    int Add(byte[] bytes)
    {
        _tokens.Add(bytes);
        _kinds.Add(KindOf(bytes));
        return _tokens.Count - 1;
    }

    static TokenKind KindOf(ReadOnlySpan<byte> bytes)
    {
        if (Rune.DecodeLastFromUtf8(bytes, out var last, out _) != System.Buffers.OperationStatus.Done) return TokenKind.Fragment;
        if (Rune.IsLetter(last)) return TokenKind.Letters;
        if (Rune.IsNumber(last)) return TokenKind.Digit;
        return last.Value is ' ' or '\t' ? TokenKind.Blank : TokenKind.Signs;
    }

    static bool IsCharacterPrefix(ReadOnlySpan<byte> bytes)
    {
        var length = bytes[0] switch { >= 0xF0 and < 0xF5 => 4, >= 0xE0 => 3, >= 0xC2 and < 0xE0 => 2, _ => 0 };
        if (bytes[0] >= 0xF5 || bytes.Length > length) return false;
        return bytes[1..].IndexOfAnyExceptInRange((byte)0x80, (byte)0xBF) < 0;
    }
}
