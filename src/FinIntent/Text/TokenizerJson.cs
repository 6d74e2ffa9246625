using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Reads the tokenizers library's tokenizer.json of a byte-level BPE; steps not computed here are refused by name.</summary>
/// <remarks>Vocabulary and merges, which are nearly all of the file, are read as they stream by.</remarks>
sealed class TokenizerJson
{
    public const string FileName = "tokenizer.json";

    readonly string _path;
    readonly List<(int, int, int)> _merges = [];

    TokenizerJson(string path) => _path = path;

    public BpeVocabulary Vocabulary { get; } = new();
    public MergeTable Merges { get; private set; } = null!;
    public PreTokenizer PreTokenizer { get; private set; } = null!;

    /// <summary>Says that a piece that is a token as a whole is that token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; private set; }
    public bool NormalizesToFormC { get; private set; }
    public List<AddedToken> AddedTokens { get; } = [];

    /// <exception cref="UserErrorException">The file cannot be read, or is damaged: the message names file, key and value.</exception>
    /// <exception cref="UnreadTokenizerException">The file is of a kind that is not read here.</exception>
    public static TokenizerJson Read(string folder)
    {
        var file = new TokenizerJson(Path.Combine(folder, FileName));
        file.Read(isWhole: true);
        return file;
    }

    /// <summary>Reads the added tokens alone, of a file of any kind.</summary>
    public static IReadOnlyList<AddedToken> ReadAddedTokens(string folder)
    {
        var file = new TokenizerJson(Path.Combine(folder, FileName));
        file.Read(isWhole: false);
        return file.AddedTokens;
    }

    void Read(bool isWhole)
    {
        var json = TextFile.Utf8(_path);
        JsonText.Check(json, _path, 1);
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw Error("", $"expected an object, got {Shown(ref reader)}");
        HashSet<string> keys = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Once(ref reader, keys, "");
            reader.Read();
            if (key == "added_tokens") ReadAddedTokens(JsonElement.ParseValue(ref reader));
            else if (!isWhole) reader.Skip();
            else if (key == "normalizer") NormalizesToFormC = TokenizerSteps.NormalizesToFormC(JsonElement.ParseValue(ref reader), _path);
            else if (key == "pre_tokenizer") PreTokenizer = TokenizerSteps.PreTokenizerOf(JsonElement.ParseValue(ref reader), _path)!;
            else if (key == "model") ReadModel(ref reader);
            else reader.Skip();
        }
        if (!isWhole) return;
        if (PreTokenizer is null) throw Unread("pre_tokenizer", "null", "ByteLevel, alone or after a Split");
        Require256Bytes();
        Merges = new(_merges);
    }

    void ReadAddedTokens(JsonElement tokens)
    {
        const string Key = "added_tokens";
        if (tokens.ValueKind == JsonValueKind.Null) return;
        if (tokens.ValueKind != JsonValueKind.Array) throw Error(Key, $"expected a list, got {JsonBinding.Shown(tokens)}");
        foreach (var (i, token) in tokens.EnumerateArray().Index())
        {
            var place = $"{Key}[{i}]";
            JsonElement id = default;
            if (token.ValueKind != JsonValueKind.Object || !token.TryGetProperty("id", out id) || id.ValueKind != JsonValueKind.Number
                || !id.TryGetInt64(out var number))
                throw Error($"{place}.id", $"expected a whole number, got {JsonBinding.Shown(id)}");
            AddedTokens.Add(AddedToken.Read(_path, place, number, token));
        }
    }

    void ReadModel(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "model", "an object");
        // Merges name tokens of a vocabulary that may come after them.
        var early = reader;
        var wait = false;
        HashSet<string> keys = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Once(ref reader, keys, "model.");
            reader.Read();
            if (key == "vocab") ReadVocabulary(ref reader);
            else if (key == "merges" && Vocabulary.Count > 0) ReadMerges(ref reader);
            else if (key == "merges")
            {
                early = reader;
                wait = true;
                reader.Skip();
            }
            else if (key == "ignore_merges") IgnoreMerges = Flag(ref reader, "model.ignore_merges");
            else if (key == "type") RequireBpe(ref reader);
            else if (key is "byte_fallback" or "dropout" or "continuing_subword_prefix" or "end_of_word_suffix" && !IsOff(ref reader))
                throw Unread($"model.{key}", Shown(ref reader), "byte-level BPE without it");
            else reader.Skip();
        }
        if (wait) ReadMerges(ref early);
    }

    void RequireBpe(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String, "model.type", "a text");
        if (reader.GetString() is var type and not "BPE") throw Unread("model.type", $"\"{type}\"", "BPE");
    }

    static bool IsOff(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null or JsonTokenType.False => true,
        JsonTokenType.String => reader.ValueSpan.IsEmpty,
        JsonTokenType.Number => reader.TryGetDouble(out var value) && value == 0,
        _ => false,
    };

    void ReadVocabulary(ref Utf8JsonReader reader)
    {
        const string Key = "model.vocab";
        if (reader.TokenType == JsonTokenType.StartArray) throw Unread(Key, "a list", "an object of tokens and their ids");
        Expect(ref reader, JsonTokenType.StartObject, Key, "an object");
        var buffer = new byte[1024];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Unescape(ref reader, buffer);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id) || id is < 0 or >= AddedToken.MostIds)
                throw Error($"{Key}.{Quoted(name)}", $"expected an id from 0 to {AddedToken.MostIds - 1}, got {Shown(ref reader)}");
            if (!Vocabulary.AddName(name, id)) throw Error($"{Key}.{Quoted(name)}", $"the token, or its id {id}, stands twice");
        }
    }

    void ReadMerges(ref Utf8JsonReader reader)
    {
        const string Key = "model.merges", Expected = "two tokens and a blank between them, or a list of two tokens";
        Expect(ref reader, JsonTokenType.StartArray, Key, "a list");
        var (first, second) = (new byte[1024], new byte[1024]);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                Expect(ref reader, JsonTokenType.String, Key, Expected);
                var left = Unescape(ref reader, first);
                reader.Read();
                Expect(ref reader, JsonTokenType.String, Key, Expected);
                AddMerge(left, Unescape(ref reader, second));
                reader.Read();
                Expect(ref reader, JsonTokenType.EndArray, Key, Expected);
                continue;
            }
            Expect(ref reader, JsonTokenType.String, Key, Expected);
            var pair = Unescape(ref reader, first);
            var blank = pair.IndexOf((byte)' ');
            if (blank < 0) throw Error(Key, $"expected {Expected}, got \"{Quoted(pair)}\"");
            AddMerge(pair[..blank], pair[(blank + 1)..]);
        }
    }

    void AddMerge(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var length = left.Length + right.Length;
        Span<byte> bytes = length <= 512 ? stackalloc byte[length] : new byte[length];
        var leftLength = BpeVocabulary.ToBytes(left, bytes);
        var rightLength = leftLength < 0 ? -1 : BpeVocabulary.ToBytes(right, bytes[leftLength..]);
        if (rightLength >= 0)
        {
            bytes = bytes[..(leftLength + rightLength)];
            var merge = (A: Vocabulary.Find(bytes[..leftLength]), B: Vocabulary.Find(bytes[leftLength..]), Both: Vocabulary.Find(bytes));
            _merges.Add(merge);
            if (merge is { A: >= 0, B: >= 0, Both: >= 0 }) return;
        }
        throw Error("model.merges", $"\"{Quoted(left)} {Quoted(right)}\" (merge {_merges.Count}) is no merge of tokens in model.vocab");
    }

    static ReadOnlySpan<byte> Unescape(ref Utf8JsonReader reader, byte[] buffer)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        if (reader.ValueSpan.Length > buffer.Length) buffer = new byte[reader.ValueSpan.Length];
        return buffer.AsSpan(0, reader.CopyString(buffer));
    }

    /// <summary>Requires all bytes, since else some texts could not be encoded; 0xC0, 0xC1 and 0xF5… occur in no UTF-8.</summary>
    void Require256Bytes()
    {
        for (var b = 0; b < 0xF5; b++)
            if (b is not (0xC0 or 0xC1) && Vocabulary.Find([(byte)b]) < 0)
                throw Unread("model.vocab", $"without a token for byte 0x{b:X2}", "all bytes (train with the byte-level alphabet)");
    }

    string Once(ref Utf8JsonReader reader, HashSet<string> keys, string place)
    {
        var key = reader.GetString()!;
        return keys.Add(key) ? key : throw Error(place + TerminalText.Short(key), "the key stands twice");
    }

    bool Flag(ref Utf8JsonReader reader, string key) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        _ => throw Error(key, $"expected true or false, got {Shown(ref reader)}"),
    };

    void Expect(ref Utf8JsonReader reader, JsonTokenType type, string key, string expected)
    {
        if (reader.TokenType != type) throw Error(key, $"expected {expected}, got {Shown(ref reader)}");
    }

    static string Shown(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.EndArray or JsonTokenType.EndObject => "nothing",
        JsonTokenType.String => $"\"{TerminalText.Short(reader.GetString()!)}\"",
        _ => Quoted(reader.ValueSpan),
    };

    static string Quoted(ReadOnlySpan<byte> utf8) => TerminalText.Short(Encoding.UTF8.GetString(utf8));

    UserErrorException Error(string key, string what) => new(key.Length == 0 ? $"{_path}: {what}" : $"{_path}: {key}: {what}");

    UnreadTokenizerException Unread(string key, string found, string supported) => TokenizerSteps.Unread(_path, key, found, supported);
}
