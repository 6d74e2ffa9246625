using System.Text.Unicode;

namespace FinIntent.Data.Rows.ParquetFormat;

/// <summary>Names the kinds of values in Thrift's compact protocol that Parquet uses.</summary>
enum ThriftType
{
    Stop, True, False, I8, I16, I32, I64, Double, Binary, List, Set, Map, Struct,
}

/// <summary>Reads Thrift's compact protocol, in which Parquet describes itself, and believes no length beyond the bytes.</summary>
/// <remarks>https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md</remarks>
/// <param name="error">Makes an error of a message.</param>
sealed class ThriftReader(byte[] bytes, Func<string, Exception> error)
{
    const int MostDepth = 32;

    public int Position { get; private set; }

    /// <summary>Looks at a whole struct, every field of which must be of its kind, and goes back to the struct's beginning.</summary>
    /// <returns>The place behind the struct.</returns>
    public int Check(ThriftShape shape)
    {
        var start = Position;
        Check(shape, 0);
        var end = Position;
        Position = start;
        return end;
    }

    /// <summary>Moves to a struct's next field.</summary>
    /// <param name="id">The id of the field before it, 0 at first.</param>
    /// <returns>False at the struct's end.</returns>
    public bool Next(ref int id, out ThriftType type)
    {
        var header = Byte();
        type = TypeOf(header & 0xF);
        if (header == 0) return false;
        if (type == ThriftType.Stop) throw Damaged("a field has no kind");
        id = header >> 4 is > 0 and var step ? id + step : (int)ZigZag();
        return true;
    }

    /// <summary>Reads a whole number of any width.</summary>
    public long Integer(ThriftType type) => type switch
    {
        ThriftType.I8 => (sbyte)Byte(),
        ThriftType.I16 or ThriftType.I32 or ThriftType.I64 => ZigZag(),
        _ => throw Damaged("a number is expected"),
    };

    public string Text()
    {
        var name = Bytes(Length());
        return Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : throw Damaged("a name is not UTF-8");
    }

    /// <summary>Reads each item of a list, whose kind was checked before.</summary>
    public IReadOnlyList<T> Items<T>(Func<T> read) => [.. Enumerable.Range(0, List().Count).Select(_ => read())];

    /// <summary>Passes over a value; whatever is inside it is looked at.</summary>
    public void Skip(ThriftType type) => Skip(type, 0);

    void Check(ThriftShape shape, int depth)
    {
        for (var id = 0; Next(ref id, out var type);)
        {
            if (!shape.TryGetValue(id, out var field)) Skip(type, depth + 1);
            else if (type != field.Type && !(type == ThriftType.False && field.Type == ThriftType.True))
                throw Damaged($"field {id} is of the kind {type} and should be of the kind {field.Type}");
            else if (type == ThriftType.List) CheckItems(field, depth);
            else if (field.Of is { } inner) Check(inner, depth + 1);
            else if (type == ThriftType.I32 && ZigZag() is > int.MaxValue or < int.MinValue) throw Damaged("a number is too large");
            else if (type != ThriftType.I32) Skip(type, depth + 1);
        }
    }

    void CheckItems(ThriftField field, int depth)
    {
        var (count, element) = List();
        if (count > 0 && element != field.Item) throw Damaged($"a list has items of the kind {element}, which should be {field.Item}");
        for (var i = 0; i < count; i++)
            if (field.Of is { } inner) Check(inner, depth + 1);
            else SkipItem(element, depth);
    }

    void Skip(ThriftType type, int depth)
    {
        if (depth > MostDepth) throw Damaged("structs stand too deep in each other");
        switch (type)
        {
            case ThriftType.True or ThriftType.False: break;
            case ThriftType.I8: Byte(); break;
            case ThriftType.I16 or ThriftType.I32 or ThriftType.I64: ZigZag(); break;
            case ThriftType.Double: Bytes(sizeof(double)); break;
            case ThriftType.Binary: Bytes(Length()); break;
            case ThriftType.List: SkipItems(depth); break;
            case ThriftType.Struct: SkipFields(depth); break;
            default: throw Damaged("a value is of a kind that Parquet has not");
        }
    }

    void SkipFields(int depth)
    {
        for (var id = 0; Next(ref id, out var type);) Skip(type, depth + 1);
    }

    void SkipItems(int depth)
    {
        var (count, element) = List();
        for (var i = 0; i < count; i++) SkipItem(element, depth);
    }

    // Unlike a field, whose kind says it, an item that is true or false has a byte of its own.
    void SkipItem(ThriftType type, int depth)
    {
        if (type is ThriftType.True or ThriftType.False) Byte();
        else Skip(type, depth + 1);
    }

    (int Count, ThriftType Element) List()
    {
        var header = Byte();
        var count = header >> 4;
        return (count == 15 ? Length() : count, TypeOf(header & 0xF));
    }

    // Every item, field and letter takes a byte at least.
    int Length()
    {
        var length = Varint();
        return length <= (ulong)(bytes.Length - Position) ? (int)length
            : throw Damaged($"{length:N0} items or bytes are announced and not there");
    }

    ReadOnlySpan<byte> Bytes(int length)
    {
        if (length > bytes.Length - Position) throw Damaged("it ends too early");
        Position += length;
        return bytes.AsSpan(Position - length, length);
    }

    byte Byte() => Position < bytes.Length ? bytes[Position++] : throw Damaged("it ends too early");

    long ZigZag()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw Damaged("a number does not end");
    }

    ThriftType TypeOf(int type) => type <= (int)ThriftType.Struct ? (ThriftType)type : throw Damaged($"there is no kind {type} of values");

    Exception Damaged(string what) => error($"its description is damaged: {what}");
}
