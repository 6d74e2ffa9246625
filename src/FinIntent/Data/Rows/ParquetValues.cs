using System.Buffers;
using System.Text.Unicode;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace FinIntent.Data.Rows;

/// <summary>Says, in words for users, why a value cannot be in a row.</summary>
sealed class UnfitValueException(string message) : Exception(message);

/// <summary>Holds a column of a row group, values or lists of values, and writes it row by row as JSON.</summary>
abstract class ParquetValues(string name, RawColumnData data) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>Says whether a column holds values, or lists of values, and no objects.</summary>
    public static bool IsFlat(Field field) => field is DataField or ListField { Item: DataField { IsArray: false } };

    public static ParquetValues Read(ParquetRowGroupReader rows, Field field)
    {
        var values = field is ListField list ? (DataField)list.Item : (DataField)field;
        var data = rows.ReadRawColumnDataBaseAsync(values).GetAwaiter().GetResult();
        return data switch
        {
            RawColumnData<ReadOnlyMemory<char>> texts => new Of<ReadOnlyMemory<char>>(field, values, texts, WriteText),
            RawColumnData<ReadOnlyMemory<byte>> bytes => new Of<ReadOnlyMemory<byte>>(field, values, bytes, WriteBytes),
            RawColumnData<bool> flags => new Of<bool>(field, values, flags, (json, flag) => json.Write(flag ? "true"u8 : "false"u8)),
            RawColumnData<int> numbers => new Of<int>(field, values, numbers, WriteNumber),
            RawColumnData<long> numbers => new Of<long>(field, values, numbers, WriteNumber),
            RawColumnData<float> numbers => new Of<float>(field, values, numbers, WriteReal),
            RawColumnData<double> numbers => new Of<double>(field, values, numbers, WriteReal),
            _ => Other(field, values, data),
        };
    }

    /// <summary>Writes the value of the next row.</summary>
    public abstract void WriteNext(IBufferWriter<byte> json);

    public void Dispose() => data.Dispose();

    /// <summary>Writes a value of any type; dates and times as ISO 8601.</summary>
    public static void Write(IBufferWriter<byte> json, object? value)
    {
        switch (value)
        {
            case null: json.Write("null"u8); break;
            case string text: JsonBytes.WriteText(json, text); break;
            case ReadOnlyMemory<char> text: WriteText(json, text); break;
            case ReadOnlyMemory<byte> bytes: WriteBytes(json, bytes); break;
            case float number: WriteReal(json, number); break;
            case double number: WriteReal(json, number); break;
            case bool or sbyte or byte or short or ushort or int or uint or long or ulong or decimal:
            case DateTime or DateTimeOffset or DateOnly or TimeOnly:
                json.Write(JsonSerializer.SerializeToUtf8Bytes(value));
                break;
            default: JsonBytes.WriteText(json, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""); break;
        }
    }

    static void WriteText(IBufferWriter<byte> json, ReadOnlyMemory<char> text)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        JsonBytes.WriteText(json, bytes.AsSpan(0, Encoding.UTF8.GetBytes(text.Span, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
    }

    static void WriteBytes(IBufferWriter<byte> json, ReadOnlyMemory<byte> bytes) =>
        JsonBytes.WriteText(json, Utf8.IsValid(bytes.Span) ? bytes.Span : throw NotUtf8());

    /// <summary>Looks at a column of bytes; others have no texts.</summary>
    /// <exception cref="UnfitValueException">A value is no UTF-8.</exception>
    public static void CheckUtf8(RawColumnData data)
    {
        if (data is not RawColumnData<ReadOnlyMemory<byte>> texts) return;
        foreach (var text in texts.Values)
            if (!Utf8.IsValid(text.Span)) throw NotUtf8();
    }

    /// <summary>Returns the text whose bytes a value holds.</summary>
    /// <exception cref="UnfitValueException">They are no UTF-8.</exception>
    public static string TextOf(byte[] bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw NotUtf8();

    static UnfitValueException NotUtf8() => new("a value is not UTF-8 text");

    static void WriteNumber<T>(IBufferWriter<byte> json, T number) where T : IUtf8SpanFormattable
    {
        number.TryFormat(json.GetSpan(64), out var length, default, CultureInfo.InvariantCulture);
        json.Advance(length);
    }

    /// <summary>JSON has no number for NaN, Infinity and -Infinity; their names are texts.</summary>
    static void WriteReal<T>(IBufferWriter<byte> json, T number) where T : System.Numerics.IFloatingPointIeee754<T>
    {
        if (T.IsFinite(number)) WriteNumber(json, number);
        else JsonBytes.WriteText(json, number.ToString(null, CultureInfo.InvariantCulture));
    }

    /// <summary>Reads values of the rarer types, named one by one since a trimmed program has only types that are named.</summary>
    static ParquetValues Other(Field field, DataField values, RawColumnData data) => data switch
    {
        RawColumnData<sbyte> numbers => Any(field, values, numbers),
        RawColumnData<byte> numbers => Any(field, values, numbers),
        RawColumnData<short> numbers => Any(field, values, numbers),
        RawColumnData<ushort> numbers => Any(field, values, numbers),
        RawColumnData<uint> numbers => Any(field, values, numbers),
        RawColumnData<ulong> numbers => Any(field, values, numbers),
        RawColumnData<decimal> numbers => Any(field, values, numbers),
        RawColumnData<BigDecimal> numbers => Any(field, values, numbers),
        RawColumnData<System.Numerics.BigInteger> numbers => Any(field, values, numbers),
        RawColumnData<DateTime> times => Any(field, values, times),
        RawColumnData<DateOnly> times => Any(field, values, times),
        RawColumnData<TimeOnly> times => Any(field, values, times),
        RawColumnData<TimeSpan> times => Any(field, values, times),
        RawColumnData<Guid> ids => Any(field, values, ids),
        _ => throw new UnfitValueException("its values are of a kind that rows do not have"),
    };

    static Of<T> Any<T>(Field field, DataField values, RawColumnData<T> data) where T : struct =>
        new(field, values, data, (json, value) => Write(json, value));

    sealed class Of<T>(Field field, DataField values, RawColumnData<T> data, Action<IBufferWriter<byte>, T> write)
        : ParquetValues(field.Name, data) where T : struct
    {
        readonly bool _isList = field is ListField || values.IsArray;
        readonly int _emptyList = field is ListField { IsNullable: true } ? 1 : 0, _whole = values.MaxDefinitionLevel;
        int _level, _value;

        public override void WriteNext(IBufferWriter<byte> json)
        {
            if (!_isList) WriteValue(json);
            else if (data.DefinitionLevels[_level] < _emptyList) WriteNull(json);
            else WriteList(json);
        }

        void WriteList(IBufferWriter<byte> json)
        {
            json.Write("["u8);
            if (data.DefinitionLevels[_level] == _emptyList) _level++;
            else
            {
                WriteValue(json);
                while (_level < data.RepetitionLevels.Length && data.RepetitionLevels[_level] > 0)
                {
                    json.Write(","u8);
                    WriteValue(json);
                }
            }
            json.Write("]"u8);
        }

        void WriteNull(IBufferWriter<byte> json)
        {
            _level++;
            json.Write("null"u8);
        }

        void WriteValue(IBufferWriter<byte> json)
        {
            if (_whole > 0 && data.DefinitionLevels[_level] < _whole)
            {
                WriteNull(json);
                return;
            }
            _level++;
            write(json, data.Values[_value++]);
        }
    }
}
