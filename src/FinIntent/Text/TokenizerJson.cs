namespace FinIntent.Text;

/// <summary>Reads the tokenizers library's tokenizer.json of a byte-level BPE; steps not computed here are refused by name.</summary>
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

    public static TokenizerJson Read(string folder)
    {
        var file = new TokenizerJson(Path.Combine(folder, FileName));
        try
        {
            file.ReadFile(File.ReadAllBytes(file._path));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new UserErrorException($"{file._path} cannot be read: {e.Message}", e);
        }
        return file;
    }

    void ReadFile(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            reader.Read();
            if (key == "added_tokens")
                foreach (var token in JsonElement.ParseValue(ref reader).EnumerateArray())
                    AddedTokens.Add(TokenizerConfig.Token(token.GetProperty("id").GetInt32(), token));
            else if (key == "normalizer") ReadNormalizer(JsonElement.ParseValue(ref reader));
            else if (key == "pre_tokenizer") ReadPreTokenizer(JsonElement.ParseValue(ref reader));
            else if (key == "model") ReadModel(ref reader);
            else reader.Skip();
        }
        if (PreTokenizer is null) throw Refused("pre_tokenizer", "null", "ByteLevel, alone or after a Split");
        Require256Bytes();
        Merges = new(_merges);
    }

    void ReadNormalizer(JsonElement step)
    {
        foreach (var (type, _) in Steps(step, "normalizers"))
            NormalizesToFormC = type == "NFC" ? true : throw Refused("normalizer", type, "NFC");
    }

    void ReadPreTokenizer(JsonElement element)
    {
        var steps = Steps(element, "pretokenizers");
        var pattern = "";
        foreach (var (type, step) in steps)
        {
            if (type == "Split" && pattern.Length == 0 && step.GetProperty("pattern").TryGetProperty("Regex", out var regex)
                && step.GetProperty("behavior").GetString() == "Isolated" && !Flag(step, "invert"))
                pattern = regex.GetString()!;
            else if (type == "ByteLevel" && !Flag(step, "add_prefix_space") && (pattern.Length == 0) == Flag(step, "use_regex", true))
                PreTokenizer = PreTokenizer.For(pattern.Length == 0 ? PreTokenizer.Gpt2 : pattern);
            else throw Refused("pre_tokenizer", step.GetRawText(), "a Split by an isolated Regex, then ByteLevel without add_prefix_space");
        }
    }

    /// <summary>Returns the steps of a Sequence, or the only step.</summary>
    static List<(string Type, JsonElement Step)> Steps(JsonElement step, string sequence) =>
        step.ValueKind == JsonValueKind.Null ? []
        : step.GetProperty("type").GetString() is var type and not "Sequence" ? [(type!, step)]
        : [.. step.GetProperty(sequence).EnumerateArray().SelectMany(inner => Steps(inner, sequence))];

    static bool Flag(JsonElement step, string key, bool missing = false) =>
        step.TryGetProperty(key, out var value) ? value.GetBoolean() : missing;

    void ReadModel(ref Utf8JsonReader reader)
    {
        // Merges name tokens of a vocabulary that may come after them.
        var early = reader;
        var wait = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            reader.Read();
            if (key == "vocab") ReadVocabulary(ref reader);
            else if (key == "merges" && Vocabulary.Count > 0) ReadMerges(ref reader);
            else if (key == "merges")
            {
                early = reader;
                wait = true;
                reader.Skip();
            }
            else if (key == "ignore_merges") IgnoreMerges = reader.GetBoolean();
            else if (key == "type" && reader.GetString() is var type and not "BPE") throw Refused("model.type", type ?? "null", "BPE");
            else if (key is "byte_fallback" or "dropout" or "continuing_subword_prefix" or "end_of_word_suffix" && !IsOff(ref reader))
                throw Refused($"model.{key}", Encoding.UTF8.GetString(reader.ValueSpan), "byte-level BPE without it");
            else reader.Skip();
        }
        if (wait) ReadMerges(ref early);
    }

    static bool IsOff(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null or JsonTokenType.False => true,
        JsonTokenType.String => reader.ValueSpan.IsEmpty,
        JsonTokenType.Number => reader.GetDouble() == 0,
        _ => false,
    };

    void ReadVocabulary(ref Utf8JsonReader reader)
    {
        var buffer = new byte[1024];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Unescape(ref reader, buffer);
            reader.Read();
            var id = reader.GetInt32();
            if (id is < 0 or > 10_000_000) throw Refused("model.vocab", $"id {id}", "ids from 0 to 10000000");
            Vocabulary.AddName(name, id);
        }
    }

    void ReadMerges(ref Utf8JsonReader reader)
    {
        var (first, second) = (new byte[1024], new byte[1024]);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                var left = Unescape(ref reader, first);
                reader.Read();
                AddMerge(left, Unescape(ref reader, second));
                reader.Read();
                continue;
            }
            var pair = Unescape(ref reader, first);
            var blank = pair.IndexOf((byte)' ');
            if (blank < 0) throw Refused("model.merges", Encoding.UTF8.GetString(pair), "two tokens and a blank between them");
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
        var names = $"\"{Encoding.UTF8.GetString(left)} {Encoding.UTF8.GetString(right)}\"";
        throw Refused("model.merges", $"{names} (merge {_merges.Count})", "merges of tokens in model.vocab");
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
                throw Refused("model.vocab", $"no token for byte 0x{b:X2}", "all bytes (train with the byte-level alphabet)");
    }

    UserErrorException Refused(string key, string found, string supported) =>
        new($"{_path}: {key} is {found}; FinIntent reads {supported}");
}
