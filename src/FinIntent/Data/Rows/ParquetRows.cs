using System.Buffers;
using System.Collections;
using FinIntent.Files;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace FinIntent.Data.Rows;

/// <summary>Reads a Parquet file, a row group at a time. It has no lines, so rows are numbered from 1.</summary>
/// <remarks>Parquet.Net has no way to read less than a column of a row group, so a row group must fit into memory.</remarks>
static class ParquetRows
{
    public static IEnumerable<SourceRow> Read(string path) => ReadFrom(path, 0);

    /// <summary>Reads all rows but the first ones; row groups that have only those are not read.</summary>
    public static IEnumerable<SourceRow> ReadFrom(string path, long skipped)
    {
        using var stream = File.OpenRead(path);
        var (groups, fields) = Try(path, () => Ask(stream, reader =>
            (reader.RowGroups.Select(group => group.RowCount).ToList(), reader.Schema.Fields)));
        var isFlat = fields.All(ParquetValues.IsFlat);
        long number = 0;
        foreach (var (group, count) in groups.Index())
        {
            if (number + count <= skipped)
            {
                number += count;
                continue;
            }
            foreach (var row in isFlat ? FlatRows(path, stream, group) : NestedRows(path, stream, group, fields))
                if (++number > skipped) yield return new(path, number, false, row);
        }
    }

    /// <summary>Returns the number of rows and the columns, as the file's own description has them.</summary>
    public static (long Rows, IReadOnlyList<Field> Columns) Describe(string path)
    {
        using var stream = File.OpenRead(path);
        return Try(path, () => Ask(stream, reader => (reader.Metadata!.NumRows, reader.Schema.Fields)));
    }

    static IEnumerable<JsonElement> FlatRows(string path, FileStream stream, int group)
    {
        var (count, columns) = Try(path, () => Ask(stream, reader =>
        {
            using var rows = reader.OpenRowGroupReader(group);
            return (rows.RowCount, reader.Schema.Fields.Select(field => ParquetValues.Read(rows, field)).ToList());
        }));
        try
        {
            var json = new ArrayBufferWriter<byte>();
            byte[][] names = [.. columns.Select((column, i) => JsonBytes.NameOf(column.Name, i == 0))];
            for (var row = 0L; row < count; row++)
            {
                json.ResetWrittenCount();
                if (columns.Count == 0) json.Write("{"u8);
                for (var i = 0; i < columns.Count; i++)
                {
                    json.Write(names[i]);
                    columns[i].WriteNext(json);
                }
                json.Write("}"u8);
                yield return JsonElement.Parse(json.WrittenSpan);
            }
        }
        finally
        {
            foreach (var column in columns) column.Dispose();
        }
    }

    /// <summary>Reads rows with objects, or with lists of them, in them.</summary>
    static IEnumerable<JsonElement> NestedRows(string path, FileStream stream, int group, IReadOnlyList<Field> fields)
    {
        var read = Try(path, () => ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: group).GetAwaiter().GetResult());
        foreach (var row in read.Data)
        {
            // Parquet.Net leaves out what is null.
            var columns = fields.Select(f => KeyValuePair.Create(f.Name, ToJson(row.TryGetValue(f.Name, out var value) ? value : null)));
            yield return JsonSerializer.SerializeToElement(new JsonObject(columns), JsonFile.Line);
        }
    }

    static T Ask<T>(Stream stream, Func<ParquetReader, T> ask)
    {
        var reader = ParquetReader.CreateAsync(stream, leaveStreamOpen: true).GetAwaiter().GetResult();
        try
        {
            return ask(reader);
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    static JsonNode? ToJson(object? value)
    {
        switch (value)
        {
            case IDictionary<string, object?> map: return new JsonObject(map.Select(e => KeyValuePair.Create(e.Key, ToJson(e.Value))));
            case byte[] bytes: return Encoding.UTF8.GetString(bytes);
            case IEnumerable list and not string: return new JsonArray([.. list.Cast<object?>().Select(ToJson)]);
        }
        var json = new ArrayBufferWriter<byte>();
        ParquetValues.Write(json, value);
        return JsonNode.Parse(json.WrittenSpan);
    }

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
