using System.Buffers;
using System.Text.Unicode;
using CsvHelper;

namespace FinIntent.Data.Rows;

/// <summary>Reads values separated by commas (.csv) or tabs (.tsv), with a header line; every value is text.</summary>
static class CsvRows
{
    public static IEnumerable<SourceRow> ReadCommas(string path) => Read(path, ',');

    public static IEnumerable<SourceRow> ReadTabs(string path) => Read(path, '\t');

    /// <summary>Counts the rows, each of which is looked at.</summary>
    /// <param name="header">It is given the names of the columns, where the file has any.</param>
    public static long Count(string path, char separator, Action<IReadOnlyList<string>> header, CancellationToken stop)
    {
        using var csv = Open(path, separator);
        var rows = 0L;
        for (; Next(csv, path); rows++)
        {
            stop.ThrowIfCancellationRequested();
            if (rows == 0) header(csv.Headers);
            CheckUtf8(csv, path);
        }
        if (rows == 0 && csv.Headers is { } names) header(names);
        return rows;
    }

    static IEnumerable<SourceRow> Read(string path, char separator)
    {
        using var csv = Open(path, separator);
        var json = new ArrayBufferWriter<byte>();
        byte[][]? names = null;
        while (Next(csv, path))
        {
            CheckUtf8(csv, path);
            names ??= [.. csv.Headers.Index().Select(header => JsonBytes.NameOf(header.Item, header.Index == 0))];
            json.ResetWrittenCount();
            if (names.Length == 0) json.Write("{"u8);
            for (var i = 0; i < csv.FieldCount; i++)
            {
                json.Write(names[i]);
                JsonBytes.WriteText(json, csv.GetSpan(i));
            }
            json.Write("}"u8);
            yield return new(path, csv.LineNumber, true, JsonElement.Parse(json.WrittenSpan));
        }
    }

    // A guessed separator would follow the commas and bars in the texts.
    static CsvReader Open(string path, char separator) => CsvReader.FromFile(path, new()
    {
        Separator = separator,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
    });

    static void CheckUtf8(CsvReader csv, string path)
    {
        for (var i = 0; i < csv.FieldCount; i++)
            if (!Utf8.IsValid(csv.GetSpan(i))) throw DataFile.NotUtf8(path, csv.LineNumber);
    }

    static bool Next(CsvReader csv, string path)
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException e)
        {
            throw new UserErrorException(
                $"{path}:{e.LineNumber}: {e.Message} A value with a separator, a quote or a line break must stand in quotes.", e);
        }
    }
}
