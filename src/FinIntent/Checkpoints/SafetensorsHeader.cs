using FinIntent.Files;
using FinIntent.Runtime;

namespace FinIntent.Checkpoints;

/// <summary>Parses the JSON header of a safetensors file, and checks it against itself and the file's length.</summary>
sealed class SafetensorsHeader
{
    const int LengthPrefix = 8;
    const int MaxDimensions = 64;
    const int MaxEntries = 250_000; // no file has as many; each takes some hundred bytes of memory

    readonly string _path;
    readonly long _dataStart;
    readonly Dictionary<string, StoredTensor> _tensors = [];
    readonly Dictionary<string, string> _metadata = [];
    readonly Dictionary<string, long> _keyOffsets = [];

    SafetensorsHeader(string path, long dataStart) => (_path, _dataStart) = (path, dataStart);

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long fileLength)
    {
        var header = new SafetensorsHeader(path, LengthPrefix + json.Length);
        if (json.Length == 0 || json[0] != '{') throw SafetensorsFile.Refuse(path, LengthPrefix, "the header does not start with '{'");
        var reader = new Utf8JsonReader(json);
        try
        {
            header.ReadEntries(ref reader);
        }
        catch (JsonException e)
        {
            var at = reader.BytesConsumed;
            var cause = JsonText.Cause(json, JsonText.Offset(json, e), reader.CurrentDepth);
            throw new UserErrorException($"{path}: byte {LengthPrefix + at}: the header is not valid JSON: {cause}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new UserErrorException($"{path}: byte {LengthPrefix + reader.BytesConsumed}: the header is not valid JSON: " +
                "a text is not UTF-8, or has half of a surrogate pair", e);
        }
        header.CheckCover(fileLength);
        return header;
    }

    void ReadEntries(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartObject, "the header");
        while (NextKey(ref reader) is { } key)
        {
            if (_keyOffsets.Count + _metadata.Count > MaxEntries) throw Refuse(reader, $"the header has more than {MaxEntries:N0} entries");
            if (!_keyOffsets.TryAdd(key, LengthPrefix + reader.TokenStartIndex)) throw Refuse(reader, $"the key \"{key}\" occurs twice");
            if (key == "__metadata__") ReadMetadata(ref reader);
            else ReadTensor(ref reader, key);
        }
        reader.Read(); // this throws when anything but white space follows
    }

    void ReadMetadata(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartObject, "__metadata__");
        while (NextKey(ref reader) is { } key)
        {
            if (_metadata.Count > MaxEntries) throw Refuse(reader, $"the header has more than {MaxEntries:N0} entries");
            if (_metadata.ContainsKey(key)) throw Refuse(reader, $"the key \"{key}\" occurs twice in __metadata__");
            Next(ref reader, JsonTokenType.String, $"__metadata__ \"{key}\"");
            _metadata[key] = reader.GetString()!;
        }
    }

    void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        ScalarType? type = null;
        long[]? shape = null, range = null;
        Next(ref reader, JsonTokenType.StartObject, $"tensor \"{name}\"");
        while (NextKey(ref reader) is { } key)
        {
            if (key == "dtype" ? type is not null : key == "shape" ? shape is not null : range is not null && key == "data_offsets")
                throw Refuse(reader, $"the key \"{key}\" occurs twice in tensor \"{name}\"");
            switch (key)
            {
                case "dtype": type = ReadType(ref reader, name); break;
                case "shape": shape = ReadNumbers(ref reader, $"the shape of \"{name}\"", MaxDimensions); break;
                case "data_offsets": range = ReadNumbers(ref reader, $"the data_offsets of \"{name}\"", 2); break;
                default: throw Refuse(reader, $"tensor \"{name}\" has the unknown key \"{key}\"");
            }
        }
        if (type is null || shape is null || range is not [var begin, var end])
            throw Refuse(reader, $"tensor \"{name}\" needs dtype, shape and two data_offsets");
        if (begin > end) throw Refuse(reader, $"tensor \"{name}\" has data_offsets [{begin}, {end}] that run backwards");
        if (BytesNeeded(shape, ElementTypes.BytesOf(type.Value)) is not { } needed || needed != end - begin)
            throw Refuse(reader, $"tensor \"{name}\" of type {ElementTypes.NameOf(type.Value)} and shape [{string.Join(", ", shape)}] " +
                $"does not fit its {end - begin} bytes");
        if (end > long.MaxValue - _dataStart) throw Refuse(reader, $"tensor \"{name}\" ends at {end}, beyond any file");
        _tensors[name] = new StoredTensor(type.Value, shape, TensorMemory.ContiguousStrides(shape), _dataStart + begin, end - begin);
    }

    ScalarType ReadType(ref Utf8JsonReader reader, string name)
    {
        Next(ref reader, JsonTokenType.String, $"the dtype of \"{name}\"");
        var text = reader.GetString()!;
        return ElementTypes.Parse(text)
            ?? throw Refuse(reader, $"tensor \"{name}\" has the unknown dtype \"{text}\"; known: {ElementTypes.Known}");
    }

    long[] ReadNumbers(ref Utf8JsonReader reader, string what, int limit)
    {
        Next(ref reader, JsonTokenType.StartArray, what);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Refuse(reader, $"{what} must hold whole numbers from 0 on");
            if (numbers.Count == limit) throw Refuse(reader, $"{what} has more than {limit} numbers");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    static long? BytesNeeded(long[] shape, int elementBytes)
    {
        if (shape.Contains(0)) return 0;
        var bytes = (UInt128)elementBytes;
        foreach (var size in shape)
        {
            bytes *= (UInt128)size;
            if (bytes > long.MaxValue) return null;
        }
        return (long)bytes;
    }

    /// <summary>Checks that every byte of the data belongs to exactly one tensor.</summary>
    void CheckCover(long fileLength)
    {
        var (end, last) = (_dataStart, "the header");
        foreach (var (name, tensor) in _tensors.OrderBy(t => t.Value.Offset).ThenBy(t => t.Value.Length))
        {
            if (tensor.Offset < end)
                throw Refuse(tensor.Offset, $"tensor \"{name}\" overlaps \"{last}\", which ends at byte {end}");
            if (tensor.Offset > end)
                throw Refuse(end, $"{tensor.Offset - end} bytes between \"{last}\" and \"{name}\" belong to no tensor");
            (end, last) = (tensor.Offset + tensor.Length, name);
        }
        if (end > fileLength)
            throw Refuse(fileLength, $"truncated: \"{last}\" ends at byte {end}, the file at {fileLength}; download or copy it again");
        if (end < fileLength) throw Refuse(end, $"the last {fileLength - end} bytes belong to no tensor");
    }

    /// <summary>Returns the next key of an object, or null at its end.</summary>
    static string? NextKey(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.EndObject ? null : reader.GetString();
    }

    void Next(ref Utf8JsonReader reader, JsonTokenType expected, string what)
    {
        reader.Read();
        if (reader.TokenType != expected) throw Refuse(reader, $"{what} is {Name(reader.TokenType)}, expected {Name(expected)}");
    }

    static string Name(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        JsonTokenType.Null => "null",
        _ => "the end of an object or a list",
    };

    UserErrorException Refuse(in Utf8JsonReader reader, string reason) => Refuse(LengthPrefix + reader.TokenStartIndex, reason);

    UserErrorException Refuse(long offset, string reason) => SafetensorsFile.Refuse(_path, offset, reason);
}
