using System.Text.Unicode;
using CsvHelper;

namespace FinIntent.Data.Rows;

/// <summary>Reads values separated by commas (.csv) or tabs (.tsv), with a header line; every value is text.</summary>
static class CsvRows
{
    // A guessed separator would follow the commas and bars in the texts.
    static readonly CsvReaderOptions Commas = OptionsFor(','), Tabs = OptionsFor('\t');

    public static IEnumerable<SourceRow> ReadCommas(string path) => Read(path, Commas);

    public static IEnumerable<SourceRow> ReadTabs(string path) => Read(path, Tabs);

    static CsvReaderOptions OptionsFor(char separator) => new()
    {
        Separator = separator,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
    };

    static IEnumerable<SourceRow> Read(string path, CsvReaderOptions options)
    {
        using var csv = CsvReader.FromFile(path, options);
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
            throw new UserErrorException(
                $"{path}:{e.LineNumber}: {e.Message} A value with a separator, a quote or a line break must stand in quotes.", e);
        }
    }
}
