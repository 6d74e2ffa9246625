using static FinIntent.Data.Rows.ParquetFormat.ThriftType;

namespace FinIntent.Data.Rows.ParquetFormat;

/// <summary>Says of which kind a field of a struct is.</summary>
/// <param name="Item">The kind of a list's items; Stop for what is no list.</param>
/// <param name="Of">The fields of a struct, or of the structs in a list.</param>
readonly record struct ThriftField(ThriftType Type, ThriftType Item = Stop, ThriftShape? Of = null)
{
    public static implicit operator ThriftField(ThriftType type) => new(type);
    public static implicit operator ThriftField(ThriftShape shape) => new(Struct, Stop, shape);

    public static ThriftField ListOf(ThriftType item) => new(List, item);
    public static ThriftField ListOf(ThriftShape shape) => new(List, Struct, shape);
}

/// <summary>Lists the fields of Parquet's structs by their ids.</summary>
/// <remarks>
/// Parquet.Net reads a field as what it should be, whatever stands there.
/// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
/// </remarks>
sealed class ThriftShape : Dictionary<int, ThriftField>
{
    // A field that is true or false has its value as its kind.
    const ThriftType Bool = True;

    static readonly ThriftShape Empty = [];
    static readonly ThriftShape Time = new() { [1] = Bool, [2] = new ThriftShape { [1] = Empty, [2] = Empty, [3] = Empty } };

    static readonly ThriftShape LogicalType = new()
    {
        [1] = Empty,
        [2] = Empty,
        [3] = Empty,
        [4] = Empty,
        [5] = new ThriftShape { [1] = I32, [2] = I32 },
        [6] = Empty,
        [7] = Time,
        [8] = Time,
        [10] = new ThriftShape { [1] = ThriftType.I8, [2] = Bool },
        [11] = Empty,
        [12] = Empty,
        [13] = Empty,
        [14] = Empty,
        [15] = Empty,
        [16] = Empty,
        [17] = Empty,
        [18] = Empty,
    };

    static readonly ThriftShape Element = new()
    {
        [1] = I32,
        [2] = I32,
        [3] = I32,
        [4] = Binary,
        [5] = I32,
        [6] = I32,
        [7] = I32,
        [8] = I32,
        [9] = I32,
        [10] = LogicalType,
    };

    static readonly ThriftShape Statistics = new()
    {
        [1] = Binary,
        [2] = Binary,
        [3] = I64,
        [4] = I64,
        [5] = Binary,
        [6] = Binary,
        [7] = Bool,
        [8] = Bool,
    };

    static readonly ThriftShape Pair = new() { [1] = Binary, [2] = Binary };

    static readonly ThriftShape Column = new()
    {
        [1] = I32,
        [2] = ThriftField.ListOf(I32),
        [3] = ThriftField.ListOf(Binary),
        [4] = I32,
        [5] = I64,
        [6] = I64,
        [7] = I64,
        [8] = ThriftField.ListOf(Pair),
        [9] = I64,
        [10] = I64,
        [11] = I64,
        [12] = Statistics,
        [13] = ThriftField.ListOf(new ThriftShape { [1] = I32, [2] = I32, [3] = I32 }),
        [14] = I64,
        [15] = I32,
        [16] = new ThriftShape { [1] = I64, [2] = ThriftField.ListOf(I64), [3] = ThriftField.ListOf(I64) },
        [17] = Empty,
    };

    static readonly ThriftShape Chunk = new()
    {
        [1] = Binary,
        [2] = I64,
        [3] = Column,
        [4] = I64,
        [5] = I32,
        [6] = I64,
        [7] = I32,
        [8] = Empty,
        [9] = Binary,
    };

    static readonly ThriftShape Group = new()
    {
        [1] = ThriftField.ListOf(Chunk),
        [2] = I64,
        [3] = I64,
        [4] = ThriftField.ListOf(new ThriftShape { [1] = I32, [2] = Bool, [3] = Bool }),
        [5] = I64,
        [6] = I64,
        [7] = I16,
    };

    /// <summary>The description at a file's end.</summary>
    public static ThriftShape File { get; } = new()
    {
        [1] = I32,
        [2] = ThriftField.ListOf(Element),
        [3] = I64,
        [4] = ThriftField.ListOf(Group),
        [5] = ThriftField.ListOf(Pair),
        [6] = Binary,
        [7] = ThriftField.ListOf(new ThriftShape { [1] = Empty, [2] = Empty }),
        [8] = Empty,
        [9] = Binary,
    };

    /// <summary>The header before each page.</summary>
    public static ThriftShape Page { get; } = new()
    {
        [1] = I32,
        [2] = I32,
        [3] = I32,
        [4] = I32,
        [5] = new ThriftShape { [1] = I32, [2] = I32, [3] = I32, [4] = I32, [5] = Statistics },
        [6] = Empty,
        [7] = new ThriftShape { [1] = I32, [2] = I32, [3] = Bool },
        [8] = new ThriftShape
        {
            [1] = I32,
            [2] = I32,
            [3] = I32,
            [4] = I32,
            [5] = I32,
            [6] = I32,
            [7] = Bool,
            [8] = Statistics,
        },
    };
}
