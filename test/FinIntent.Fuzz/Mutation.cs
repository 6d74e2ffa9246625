using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace FinIntent.Fuzz;

/// <summary>Damages valid files as disks, editors and attackers do. The same random numbers make the same damage.</summary>
static class Mutation
{
    static readonly string[] JsonValues =
    [
        "null", "true", "false", "{}", "[]", "[null]", "{\"a\":null}", "\"\"", "\"x\"",
        "\"\\u0000\"", "\"\\ud83d\"", "\"\\u001b[31m\"", "0", "-1", "1.5",
        "1e999", "-1e999", "1e-999", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
        "100000000000000000000000000", "2000000000", "NaN", "[[[[[[[[]]]]]]]]", "[1,2,3]", "\"../../x\"", "\"/\"", "\"\\\\\"", "'x'", "",
    ];

    static readonly string[] YamlValues =
    [
        "null", "~", "true", "[]", "{}", "[[]]", "{a: b}", "\"", "'", "\"\\ud83d\"", "&a [*a]", "*a", "&a x",
        "!!binary x", "!x y", "|", ">", "@x", "- x", "x: y",
        "-1", "0", "1.5", "1e999", ".nan", ".inf", "2147483648", "99999999999999999999", "\t", "# x",
        "---", "...", "%YAML 9", "? x", "\"\\x1b[31m\"", "\\", "",
    ];

    static readonly string[] Signs =
        ["\"", "'", ",", "\n", "\r\n", "\r", "\t", "\0", "\u001b[31m", "\uFEFF", "\u202e", "：", "{", "}", "[", "]", ":", "<think>"];

    static readonly byte[][] Raw =
        [[0xC2, 0xF2], [0xFF, 0xFE], [0xFE, 0xFF], [0xED, 0xA0, 0xBD], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE4, 0xB9]];

    static readonly long[] Numbers =
    [
        0, 1, -1, 127, 128, 255, 256, 65535, 65536, 100_000_000,
        int.MaxValue, int.MinValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue,
    ];

    /// <summary>Returns a damaged copy of one of the valid files.</summary>
    public static byte[] Of(FuzzedReader reader, Random random)
    {
        var bytes = reader.Seeds[random.Next(reader.Seeds.Count)];
        var isStructural = reader.Format != Format.Bytes && random.Next(3) > 0;
        for (var times = Times(random); times > 0; times--)
            bytes = isStructural ? Structural(reader.Format, bytes, random) : OfBytes(bytes, reader, random);
        return bytes;
    }

    static int Times(Random random) => random.Next(8) switch { < 5 => 1, < 7 => 2, _ => 1 + random.Next(8) };

    static byte[] Structural(Format format, byte[] bytes, Random random) => format switch
    {
        Format.Json => OfJson(bytes, random),
        Format.Yaml => OfLines(bytes, YamlValues, random),
        _ => OfLines(bytes, Signs, random),
    };

    /// <summary>Replaces a value or name, doubles or removes a member, or wraps a value.</summary>
    static byte[] OfJson(byte[] json, Random random)
    {
        var spans = Spans(json);
        if (spans.Count == 0) return OfLines(json, JsonValues, random);
        var (start, length) = spans[random.Next(spans.Count)];
        var old = json[start..(start + length)];
        var other = spans[random.Next(spans.Count)];
        var value = random.Next(8) switch
        {
            0 => json[other.Start..(other.Start + other.Length)],
            1 => [.. old, (byte)',', .. old],
            2 => [],
            3 => [(byte)'[', .. old, (byte)']'],
            4 when old is [(byte)'"', .., (byte)'"'] => [(byte)'"', .. Raw[random.Next(Raw.Length)], .. old[1..]],
            _ => Encoding.UTF8.GetBytes(JsonValues[random.Next(JsonValues.Length)]),
        };
        return [.. json[..start], .. value, .. json[(start + length)..]];
    }

    // The places of all values and names of the JSON that stands at the beginning, in lines, or behind a few other bytes.
    static List<(int Start, int Length)> Spans(byte[] json)
    {
        List<(int, int)> spans = [];
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowMultipleValues = true });
        Stack<int> open = [];
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) open.Push((int)reader.TokenStartIndex);
                else if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                    spans.Add((open.Peek(), (int)reader.BytesConsumed - open.Pop()));
                else spans.Add(((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)));
            }
        }
        catch (JsonException)
        {
        }
        // A name's bytes reach to behind its colon: only the text itself is replaced.
        return [.. spans.Select(s => json[s.Item1 + s.Item2 - 1] == ':' ? (s.Item1, s.Item2 - 1) : s)];
    }

    static byte[] OfLines(byte[] bytes, string[] words, Random random)
    {
        var lines = Encoding.Latin1.GetString(bytes).Split('\n').ToList();
        var at = random.Next(lines.Count);
        var line = lines[at];
        var word = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(words[random.Next(words.Length)]));
        var colon = line.IndexOf(':');
        var place = random.Next(line.Length + 1);
        switch (random.Next(8))
        {
            case 0: lines.Insert(at, line); break;
            case 1: lines.RemoveAt(at); break;
            case 2: lines[at] = new string(' ', random.Next(6)) + line.TrimStart(); break;
            case 3: lines[at] = "\t" + line; break;
            case 4: (lines[at], lines[^1]) = (lines[^1], line); break;
            case 5: lines[at] = line[..place] + word + line[place..]; break;
            case 6: lines[at] = line[..place] + Encoding.Latin1.GetString(Raw[random.Next(Raw.Length)]) + line[place..]; break;
            default: lines[at] = colon >= 0 ? $"{line[..(colon + 1)]} {word}" : word; break;
        }
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    static byte[] OfBytes(byte[] bytes, FuzzedReader reader, Random random)
    {
        if (bytes.Length == 0) return [.. Raw[random.Next(Raw.Length)]];
        var at = random.Next(bytes.Length);
        var end = Math.Min(bytes.Length, at + 1 + random.Next(random.Next(4) == 0 ? bytes.Length : 16));
        byte[] copy = [.. bytes];
        switch (random.Next(10))
        {
            case 0 or 1: copy[at] ^= (byte)(1 << random.Next(8)); return copy;
            case 2: copy[at] = (byte)random.Next(256); return copy;
            case 3: return [.. bytes[..at], .. bytes[end..]];
            case 4: return [.. bytes[..end], .. bytes[at..]];
            case 5: return bytes[..at];
            case 6: return [.. bytes[..at], .. Raw[random.Next(Raw.Length)], .. bytes[at..]];
            case 7: return WithNumber(copy, at, random);
            case 8: return Spliced(bytes, at, reader.Seeds[random.Next(reader.Seeds.Count)]);
            default: random.NextBytes(copy.AsSpan(at, end - at)); return copy;
        }
    }

    // The end of another valid file behind the beginning of this one.
    static byte[] Spliced(byte[] bytes, int at, byte[] other) => [.. bytes[..at], .. other[^Math.Min(bytes.Length - at, other.Length)..]];

    static byte[] WithNumber(byte[] bytes, int at, Random random)
    {
        var number = Numbers[random.Next(Numbers.Length)];
        if (random.Next(2) == 0 && bytes.Length - at >= 8) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), number);
        else if (bytes.Length - at >= 4) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), (int)number);
        else bytes[at] = (byte)number;
        return bytes;
    }
}
