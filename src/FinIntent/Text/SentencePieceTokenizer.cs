namespace FinIntent.Text;

/// <summary>Is SentencePiece BPE (ChatGLM3, Baichuan2).</summary>
/// <remarks>It replaces Microsoft.ML.Tokenizers 2.0.1, which breaks ties of scores otherwise (3 of the 68 reference texts) and drops
/// user-defined pieces, such as Baichuan2's line break, when it decodes.</remarks>
sealed partial class SentencePieceTokenizer : Tokenizer
{
    const char Blank = '▁'; // U+2581

    // ChatGLMTokenizer appends these to its pieces, in this order.
    static readonly string[] ChatGlmTokens =
        ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"];

    readonly SentencePieceModel _model;
    readonly Dictionary<string, int> _ids = [];       // all names
    readonly Dictionary<string, int> _mergeable = []; // what text can become
    readonly Dictionary<char, List<string>> _userDefined = []; // by first character, longest first
    readonly List<byte[]> _bytes = [];
    readonly HashSet<int> _special = [];
    readonly int[] _idOfByte = new int[256];
    readonly int _longest;

    public SentencePieceTokenizer(SentencePieceModel model, TokenizerConfig config)
    {
        _model = model;
        foreach (var (id, piece) in model.Pieces.Index()) AddPiece(id, piece);
        _longest = _mergeable.Keys.Max(text => text.Length);
        foreach (var list in _userDefined.Values) list.Sort((a, b) => b.Length - a.Length);

        if (config.Class == "ChatGLMTokenizer")
            foreach (var token in ChatGlmTokens) AddSpecial(token, _bytes.Count);
        foreach (var token in config.AddedTokens.OrderBy(token => token.Id))
            if (!_ids.ContainsKey(token.Content)) AddSpecial(token.Content, token.Id);

        BosTokenId = IdOf(config.Bos, model.BosId);
        EosTokenId = IdOf(config.Eos, model.EosId);
        PadTokenId = IdOf(config.Pad, model.PadId >= 0 ? model.PadId : model.UnknownId);
    }

    public override int VocabularySize => _bytes.Count;
    internal override bool AddsLeadingBlank => _model.AddDummyPrefix;

    void AddPiece(int id, Piece piece)
    {
        _ids.TryAdd(piece.Text, id);
        _bytes.Add(Encoding.UTF8.GetBytes(piece.Text.Replace(Blank, ' ')));
        if (piece.Type == PieceType.Byte)
        {
            var value = Convert.ToByte(piece.Text[3..5], 16); // <0x0A>
            _idOfByte[value] = id;
            _bytes[id] = [value];
        }
        // Baichuan2 marks turns with user-defined pieces named <reserved_106>: unlike in SentencePiece, no text reaches them.
        else if (piece.Type is PieceType.Control or PieceType.Unknown || Reserved().IsMatch(piece.Text)) _special.Add(id);
        else
        {
            _mergeable.TryAdd(piece.Text, id);
            if (piece.Type == PieceType.UserDefined)
                (CollectionsMarshal.GetValueRefOrAddDefault(_userDefined, piece.Text[0], out _) ??= []).Add(piece.Text);
        }
    }

    void AddSpecial(string token, int id)
    {
        while (_bytes.Count <= id) _bytes.Add([]);
        _bytes[id] = Encoding.UTF8.GetBytes(token);
        _ids[token] = id;
        _special.Add(id);
    }

    int? IdOf(string? name, int otherwise) => name is not null ? IdOf(name) : otherwise >= 0 ? otherwise : null;

    public override int? IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : null;
    internal override bool IsSpecial(int id) => _special.Contains(id);
    internal override ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Count ? _bytes[id] : [];
    internal override Decoder Utf8Decoder() => LossyUtf8.GetDecoder();

    public override void Encode(string text, List<int> ids)
    {
        if (text.Length == 0) return;
        text = (_model.AddDummyPrefix ? $"{Blank}{text}" : text).Replace(' ', Blank);
        var symbols = new SymbolList(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var length = UserDefinedAt(text, at);
            var isFrozen = length > 0;
            if (!isFrozen) length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
            symbols.Add(at, length, isFrozen);
            at += length;
        }
        Merge(text, symbols);

        var lookup = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < symbols.Count; i = symbols.Next[i])
        {
            var piece = text.AsSpan(symbols.Start[i], symbols.Length[i]);
            if (lookup.TryGetValue(piece, out var id)) ids.Add(id);
            else
                foreach (var value in bytes[..Encoding.UTF8.GetBytes(piece, bytes)]) ids.Add(_idOfByte[value]);
        }
    }

    int UserDefinedAt(string text, int at)
    {
        if (!_userDefined.TryGetValue(text[at], out var candidates)) return 0;
        foreach (var candidate in candidates)
            if (text.AsSpan(at).StartsWith(candidate)) return candidate.Length;
        return 0;
    }

    /// <summary>Merges always the neighbours whose union has the highest score, the leftmost of equals.</summary>
    void Merge(string text, SymbolList symbols)
    {
        var lookup = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        var pieces = CollectionsMarshal.AsSpan(_model.Pieces);
        var queue = new PriorityQueue<(int At, int Length), long>(symbols.Count);
        for (var i = 0; i + 1 < symbols.Count; i++) Enqueue(i, pieces);

        while (queue.TryDequeue(out var pair, out _))
        {
            var (at, right) = (pair.At, symbols.Next[pair.At]);
            // The pair was queued before a merge changed one of the two (a swallowed symbol has no length).
            if (right >= symbols.Count || symbols.Length[at] == 0 || symbols.Length[at] + symbols.Length[right] != pair.Length) continue;
            symbols.Swallow(at, right);
            if (symbols.Previous[at] >= 0) Enqueue(symbols.Previous[at], pieces);
            Enqueue(at, pieces);
        }

        void Enqueue(int at, ReadOnlySpan<Piece> pieces)
        {
            var right = symbols.Next[at];
            if (right >= symbols.Count || symbols.IsFrozen[at] || symbols.IsFrozen[right]) return;
            var length = symbols.Length[at] + symbols.Length[right];
            if (length > _longest || !lookup.TryGetValue(text.AsSpan(symbols.Start[at], length), out var id)) return;
            queue.Enqueue((at, length), ((long)Descending(pieces[id].Score) << 32) | (uint)at);
        }
    }

    /// <summary>Returns an integer that orders as the negated score does; 0 and −0 are equal.</summary>
    static int Descending(float score)
    {
        var bits = BitConverter.SingleToInt32Bits(0f - score);
        return bits ^ ((bits >> 31) & int.MaxValue);
    }

    // In SentencePiece each byte of an invalid sequence is one U+FFFD.
    static readonly Encoding LossyUtf8 = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new ReplaceEachByte());

    [GeneratedRegex(@"^<reserved_\d+>$")]
    private static partial Regex Reserved();
}
