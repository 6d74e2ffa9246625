using System.Text.Json;
using System.Text.Unicode;
using CsvHelper;

namespace FinIntent.Data.Rows;

/// <summary>Comma-separated values with a header line; every value is text.</summary>
static class CsvRows
{
    static readonly CsvReaderOptions Options = new()
    {
        Separator = ',', // a guessed one would follow the commas and bars in the texts
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
    };

    public static IEnumerable<SourceRow> Read(string path)
    {
        using var csv = CsvReader.FromFile(path, Options);
        Dictionary<string, string> row = [];
        while (Next(csv, path))
        {
            for (var i = 0; i < csv.FieldCount; i++)
            {
                if (!Utf8.IsValid(csv.GetSpan(i))) throw DataFile.NotUtf8(path, csv.LineNumber);
                row[csv.Headers[i]] = csv.GetString(i);
            }
            yield return new(path, csv.LineNumber, true, JsonSerializer.SerializeToElement(row));
        }
    }

    static bool Next(CsvReader csv, string path)
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException e)
        {
            throw new UserErrorException($"{path}:{e.LineNumber}: {e.Message} A value with a comma, a quote or a line break must stand in quotes.", e);
        }
    }
}
