using System.Collections;
using Parquet;
using Parquet.Serialization;

namespace FinIntent.Data.Rows;

/// <summary>Reads a Parquet file, a row group at a time. It has no lines, so rows are numbered from 1.</summary>
static class ParquetRows
{
    public static IEnumerable<SourceRow> Read(string path)
    {
        using var stream = File.OpenRead(path);
        var groups = Try(path, () => CountGroups(stream));
        long number = 0;
        for (var group = 0; group < groups; group++)
        {
            var index = group;
            var rows = Try(path, () =>
                ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: index).GetAwaiter().GetResult().Data);
            foreach (var row in rows) yield return new(path, ++number, false, JsonSerializer.SerializeToElement(ToJson(row)));
        }
    }

    static int CountGroups(Stream stream)
    {
        var reader = ParquetReader.CreateAsync(stream, leaveStreamOpen: true).GetAwaiter().GetResult();
        try
        {
            return reader.RowGroupCount;
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        float number => number,
        double number => number,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        IDictionary<string, object?> map => new JsonObject(map.Select(e => KeyValuePair.Create(e.Key, ToJson(e.Value)))),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(ToJson)]),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    static T Try<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
            when (e is IOException or ParquetException or NotSupportedException or InvalidOperationException or OverflowException)
        {
            throw new UserErrorException($"{path}: cannot be read as Parquet: {e.Message}", e);
        }
    }
}
