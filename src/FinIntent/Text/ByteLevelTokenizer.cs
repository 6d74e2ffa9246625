using System.Collections.Concurrent;

namespace FinIntent.Text;

/// <summary>Is byte-level BPE (Qwen, Llama-3 and our own models).</summary>
/// <remarks>It replaces Microsoft.ML.Tokenizers 2.0.1, which has no NFC and no ignore_merges (three reference texts differ), matches
/// patterns on UTF-16 units (a letter outside the BMP is none to it), and encodes 1.4 to 2.4 MB/s.</remarks>
sealed class ByteLevelTokenizer : Tokenizer
{
    readonly TokenizerJson _model;
    readonly Dictionary<string, int> _added = [];
    readonly HashSet<int> _special = [];
    readonly ConcurrentBag<BpeEncoder> _encoders = [];

    public ByteLevelTokenizer(TokenizerJson model, TokenizerConfig config)
    {
        _model = model;
        foreach (var token in model.AddedTokens.Concat(config.AddedTokens.Where(t => model.AddedTokens.All(m => m.Content != t.Content))))
        {
            model.Vocabulary.AddLiteral(Encoding.UTF8.GetBytes(token.Content), token.Id);
            _added[token.Content] = token.Id;
            if (token.Special) _special.Add(token.Id);
        }
        BosTokenId = config.Bos is null ? null : IdOf(config.Bos);
        EosTokenId = config.Eos is null ? null : IdOf(config.Eos);
        PadTokenId = config.Pad is null ? null : IdOf(config.Pad);
    }

    public override int VocabularySize => _model.Vocabulary.Count;

    public override void Encode(string text, List<int> ids)
    {
        if (_model.NormalizesToFormC) text = NormalizationFormC.Normalize(text);
        if (!_encoders.TryTake(out var encoder)) encoder = new(_model);
        encoder.Encode(text, ids);
        _encoders.Add(encoder);
    }

    public override int? IdOf(string token)
    {
        if (_added.TryGetValue(token, out var id)) return id;
        var bytes = Encoding.UTF8.GetBytes(token);
        var length = BpeVocabulary.ToBytes(bytes, bytes);
        id = length < 0 ? -1 : _model.Vocabulary.Find(bytes.AsSpan(0, length));
        return id < 0 ? null : id;
    }

    internal override bool IsSpecial(int id) => _special.Contains(id);
    internal override ReadOnlySpan<byte> BytesOf(int id) => _model.Vocabulary[id];
}
