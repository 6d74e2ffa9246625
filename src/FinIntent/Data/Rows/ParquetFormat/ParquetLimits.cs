namespace FinIntent.Data.Rows.ParquetFormat;

/// <summary>Bounds what a row group takes in memory by the bytes that it has in the file.</summary>
/// <remarks>
/// A few bytes may honestly stand for many values (all alike), so each bound has a part that any file may use, and one that grows with the
/// file. A writer that is asked for row groups of some ten thousand rows never comes near them.
/// </remarks>
static class ParquetLimits
{
    const long AnyValues = 8 << 20, ValuesPerByte = 64, AnyBytes = 32 << 20;

    /// <exception cref="UserErrorException">The values of a row group are more than its bytes can hold.</exception>
    public static void CheckValues(ParquetGroup group, int number, Func<string, UserErrorException> error)
    {
        var (values, bytes) = (group.Chunks.Sum(chunk => (decimal)chunk.Values), group.Chunks.Sum(chunk => (decimal)chunk.Bytes));
        if (values > AnyValues + (ValuesPerByte * bytes))
            throw error($"row group {number + 1} is said to have {values:N0} values in {bytes:N0} bytes; write smaller row groups");
    }

    /// <summary>Returns the most bytes that compressed ones can become.</summary>
    /// <param name="codec">Parquet's number: 0 none, 1 Snappy, 2 gzip, 3 LZO, 4 Brotli, 5 LZ4, 6 Zstandard, 7 LZ4 raw.</param>
    public static long MostBytes(int codec, long compressed) => codec switch
    {
        0 => compressed,
        1 => 64 + (compressed * 24), // a copy of 64 bytes takes 3
        5 or 7 => 64 + (compressed * 255),
        _ => AnyBytes + (compressed * 100),
    };

    /// <summary>Returns the fewest bytes that a value of a dictionary takes.</summary>
    /// <param name="type">Parquet's number: 1 int32, 2 int64, 3 int96, 4 float, 5 double, 6 bytes with their length before them.</param>
    public static int FewestBytes(int type) => type switch { 1 or 4 or 6 => 4, 2 or 5 => 8, 3 => 12, _ => 1 };
}
