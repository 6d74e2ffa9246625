using System.Buffers;
using System.Collections;
using FinIntent.Data.Rows.ParquetFormat;
using FinIntent.Files;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;
using Parquet.Serialization;

namespace FinIntent.Data.Rows;

/// <summary>Reads a Parquet file, a row group at a time. It has no lines, so rows are numbered from 1.</summary>
/// <remarks>
/// Parquet.Net has no way to read less than a column of a row group, so a row group must fit into memory. It also believes every size that
/// a file names: what a file says of itself is held against its length first (<see cref="ParquetFooter"/>, <see cref="ParquetPages"/>).
/// </remarks>
static class ParquetRows
{
    public static IEnumerable<SourceRow> Read(string path) => ReadFrom(path, 0);

    /// <summary>Reads all rows but the first ones; row groups that have only those are not read.</summary>
    public static IEnumerable<SourceRow> ReadFrom(string path, long skipped)
    {
        using var stream = InputFile.Open(path);
        var footer = FooterOf(stream, path);
        var fields = Try(path, "its columns", () => Ask(stream, reader => reader.Schema.Fields));
        var isFlat = fields.All(ParquetValues.IsFlat);
        long number = 0;
        foreach (var (group, content) in footer.Groups.Index())
        {
            if (number + content.Rows <= skipped)
            {
                number += content.Rows;
                continue;
            }
            CheckPages(stream, path, footer, group);
            foreach (var row in isFlat ? FlatRows(path, stream, group, content.Rows) : NestedRows(path, stream, group, fields))
                if (++number > skipped) yield return new(path, number, false, row);
        }
    }

    /// <summary>Returns the number of rows and the columns, as the file's own description has them.</summary>
    public static (long Rows, IReadOnlyList<Field> Columns) Describe(string path)
    {
        using var stream = InputFile.Open(path);
        var footer = FooterOf(stream, path);
        return (footer.Rows, Try(path, "its columns", () => Ask(stream, reader => reader.Schema.Fields)));
    }

    static ParquetFooter FooterOf(FileStream stream, string path)
    {
        try
        {
            return ParquetFooter.Read(stream, message => Error(path, message));
        }
        catch (IOException e) when (!ProgramFault.Is(e))
        {
            throw InputFile.ErrorOf(e, path)!;
        }
    }

    static void CheckPages(FileStream stream, string path, ParquetFooter footer, int group)
    {
        try
        {
            foreach (var chunk in footer.Groups[group].Chunks)
            {
                var place = $"{PlaceOf(group)}, column \"{chunk.Path}\"";
                new ParquetPages(stream, footer, chunk, message => Error(path, $"{place}: {message}")).Check();
            }
        }
        catch (IOException e) when (!ProgramFault.Is(e))
        {
            throw InputFile.ErrorOf(e, path)!;
        }
    }

    static IEnumerable<JsonElement> FlatRows(string path, FileStream stream, int group, long count)
    {
        var columns = Try(path, PlaceOf(group), () => Ask(stream, reader =>
        {
            TakeTextsAsBytes(reader);
            using var rows = reader.OpenRowGroupReader(group);
            return reader.Schema.Fields.Select(field =>
                Try(path, $"{PlaceOf(group)}, column \"{field.Name}\"", () => ParquetValues.Read(rows, field))).ToList();
        }));
        try
        {
            var json = new ArrayBufferWriter<byte>();
            byte[][] names = [.. columns.Select((column, i) => JsonBytes.NameOf(column.Name, i == 0))];
            for (var row = 0L; row < count; row++)
                yield return Try(path, PlaceOf(group), () => RowOf(json, columns, names));
        }
        finally
        {
            foreach (var column in columns) column.Dispose();
        }
    }

    static JsonElement RowOf(ArrayBufferWriter<byte> json, List<ParquetValues> columns, byte[][] names)
    {
        json.ResetWrittenCount();
        if (columns.Count == 0) json.Write("{"u8);
        for (var i = 0; i < columns.Count; i++)
        {
            json.Write(names[i]);
            try
            {
                columns[i].WriteNext(json);
            }
            catch (UnfitValueException e)
            {
                throw new UnfitValueException($"column \"{columns[i].Name}\": {e.Message}");
            }
        }
        json.Write("}"u8);
        return JsonElement.Parse(json.WrittenSpan);
    }

    /// <summary>Reads rows with objects, or with lists of them, in them.</summary>
    static IEnumerable<JsonElement> NestedRows(string path, FileStream stream, int group, IReadOnlyList<Field> fields)
    {
        var read = Try(path, PlaceOf(group),
            () => ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: group).GetAwaiter().GetResult());
        var isText = false;
        foreach (var row in read.Data)
        {
            var json = Try(path, PlaceOf(group), () =>
            {
                // Parquet.Net leaves out what is null.
                var columns = fields.Select(f => KeyValuePair.Create(f.Name, ToJson(row.GetValueOrDefault(f.Name))));
                return JsonSerializer.SerializeToElement(new JsonObject(columns), JsonFile.Line);
            });
            if (!isText && JsonMarshal.GetRawUtf8Value(json).IndexOf("\uFFFD"u8) >= 0)
            {
                CheckTexts(path, stream, group);
                isText = true;
            }
            yield return json;
        }
    }

    /// <summary>Refuses texts that are not UTF-8, where Parquet.Net may have put U+FFFD into them, or they have it themselves.</summary>
    static void CheckTexts(string path, FileStream stream, int group) => Try(path, PlaceOf(group), () => Ask(stream, reader =>
    {
        TakeTextsAsBytes(reader);
        using var rows = reader.OpenRowGroupReader(group);
        foreach (var field in reader.Schema.GetDataFields())
            Try(path, $"{PlaceOf(group)}, column \"{field.Path}\"", () =>
            {
                using var data = rows.ReadRawColumnDataBaseAsync(field).GetAwaiter().GetResult();
                ParquetValues.CheckUtf8(data);
                return true;
            });
        return true;
    }));

    // Parquet.Net decodes texts itself, and puts U+FFFD where they are not UTF-8; bytes it leaves as they are.
    static void TakeTextsAsBytes(ParquetReader reader)
    {
        foreach (var element in reader.Metadata!.Schema)
            if (element.ConvertedType is ConvertedType.UTF8 or ConvertedType.JSON or ConvertedType.ENUM
                || element.LogicalType is { STRING: not null } or { JSON: not null } or { ENUM: not null })
                (element.ConvertedType, element.LogicalType) = (null, null);
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
            case byte[] bytes: return ParquetValues.TextOf(bytes);
            case IEnumerable list and not string: return new JsonArray([.. list.Cast<object?>().Select(ToJson)]);
        }
        var json = new ArrayBufferWriter<byte>();
        ParquetValues.Write(json, value);
        return JsonNode.Parse(json.WrittenSpan);
    }

    static string PlaceOf(int group) => $"row group {group + 1}";

    static UserErrorException Error(string path, string message, Exception? inner = null) =>
        new($"{path}: cannot be read as Parquet: {message}", inner);

    // What the library throws at damaged bytes is of any type, and its words say nothing to a user.
    static T Try<T>(string path, string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UnfitValueException e)
        {
            throw Error(path, $"{place}: {e.Message}", e);
        }
        catch (OutOfMemoryException e)
        {
            throw Error(path, $"{place}: it does not fit into memory; write smaller row groups", e);
        }
        catch (Exception e) when (e is not (UserErrorException or OperationCanceledException) && !ProgramFault.Is(e))
        {
            throw Error(path, $"{place}: damaged, or stored in a way that is not read; write the file again, for example with pandas", e);
        }
    }
}
