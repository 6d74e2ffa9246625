using System.Buffers;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using CsvHelper;
using FinIntent.Files;

namespace FinIntent.Data.Rows;

/// <summary>Reads values separated by commas (.csv) or tabs (.tsv), with a header line; every value is text.</summary>
static partial class CsvRows
{
    /// <summary>The most bytes of a row; more is a quote that was forgotten.</summary>
    const int MostRowBytes = 64 << 20;

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
            if (rows == 0) header(NamesOf(csv, path));
            CheckText(csv, path);
        }
        if (rows == 0 && csv.Headers is not null) header(NamesOf(csv, path));
        return rows;
    }

    static IEnumerable<SourceRow> Read(string path, char separator)
    {
        using var csv = Open(path, separator);
        var json = new ArrayBufferWriter<byte>();
        byte[][]? names = null;
        while (Next(csv, path))
        {
            CheckText(csv, path);
            names ??= [.. NamesOf(csv, path).Index().Select(header => JsonBytes.NameOf(header.Item, header.Index == 0))];
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
        if (names is null && csv.Headers is not null) NamesOf(csv, path);
    }

    // A guessed separator would follow the commas and bars in the texts.
    static CsvReader Open(string path, char separator) => CsvReader.Create(TextFile.OpenUtf8(path), new()
    {
        Separator = separator,
        TrackLineNumbers = true,
        MaxRecordSize = MostRowBytes,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
    }, false);

    /// <summary>Returns the header's names, each of which must stand once; one may be empty, as that of an index is.</summary>
    static IReadOnlyList<string> NamesOf(CsvReader csv, string path)
    {
        if (csv.Headers.Any(name => name.Contains('\uFFFD'))) CheckHeader(path);
        if (csv.Headers.CountBy(name => name).FirstOrDefault(name => name.Value > 1) is { Value: > 1 } twice)
            throw new UserErrorException(twice.Key.Length == 0 ? $"{path}:1: {twice.Value} columns have no name; name them, or remove them"
                : $"{path}:1: {twice.Value} columns are called \"{TerminalText.Short(twice.Key)}\"; give each its own name");
        return csv.Headers;
    }

    // The library hands out the header as decoded text, in which bytes may have been replaced.
    static void CheckHeader(string path)
    {
        foreach (var _ in TextFile.Lines(path)) break;
    }

    static void CheckText(CsvReader csv, string path)
    {
        for (var i = 0; i < csv.FieldCount; i++)
        {
            if (!Utf8.IsValid(csv.GetSpan(i))) throw TextFile.NotUtf8(path, csv.LineNumber);
            if (csv.GetSpan(i).Contains((byte)0)) throw TextFile.NotText(path, csv.LineNumber);
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
            throw new UserErrorException($"{path}:{e.LineNumber}: {CauseOf(e)}", e);
        }
        catch (Exception e) when (e is IOException or DecoderFallbackException)
        {
            throw TextFile.ErrorOf(e, path);
        }
    }

    static string CauseOf(CsvFormatException e) => e.Message switch
    {
        var text when Fields().Match(text) is { Success: true } found =>
            $"the row has {found.Groups[1]} values, and the header {found.Groups[2]} columns; a value with a separator, a quote or " +
            "a line break must stand in quotes",
        var text when text.Contains("never closed", StringComparison.Ordinal) => "a quote is opened and not closed",
        var text when text.Contains("closing quote", StringComparison.Ordinal) =>
            "text stands behind a closing quote; a quote inside a value in quotes is written twice",
        var text when text.Contains("unquoted", StringComparison.Ordinal) =>
            "a quote stands inside a value without quotes; put the value in quotes, and write a quote inside it twice",
        var text when text.Contains("MaxRecordSize", StringComparison.Ordinal) =>
            $"a row has more than {MostRowBytes >> 20} MiB; is a quote opened in it and not closed?",
        _ => "it does not fit the rules of such files; look at the quotes, separators and line breaks there",
    };

    [GeneratedRegex(@"has (\d+) fields but (\d+)")]
    private static partial Regex Fields();
}
