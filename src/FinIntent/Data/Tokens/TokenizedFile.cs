using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Reads and writes rows {"input_ids": […], "labels": […]}, one a line, for training with nothing left to tokenise.</summary>
static class TokenizedFile
{
    /// <param name="work">Is done with each row and its place, on any core.</param>
    /// <param name="take">Takes the results in the file's order.</param>
    public static void Read<T>(string path, Func<RowPlace, TokenRow, T> work, Action<T> take) =>
        OrderedParallel.Run(JsonRows.Read(path), row => work(row.At, Row(row)), take);

    public static void Write(string path, IRowSource rows) => AtomicFile.Write(path, stream =>
    {
        foreach (var row in Enumerable.Range(0, rows.Count).Select(rows.Read))
        {
            JsonSerializer.Serialize(stream, new { input_ids = row.InputIds, labels = row.Labels });
            stream.WriteByte((byte)'\n');
        }
    });

    static TokenRow Row(SourceRow row)
    {
        var (ids, labels) = (Numbers(row, "input_ids"), Numbers(row, "labels"));
        if (ids.Length == 0) throw row.Error("\"input_ids\" is empty");
        if (ids.Length != labels.Length)
            throw row.Error($"{ids.Length} input_ids and {labels.Length} labels; each token needs one label (-100: none)");
        if (ids.Any(id => id < 0)) throw row.Error($"\"input_ids\" has {ids.First(id => id < 0)}; token ids are not negative");
        if (labels.Any(label => label < 0 && label != TokenRow.IgnoredLabel))
            throw row.Error($"\"labels\" has {labels.First(label => label < 0 && label != TokenRow.IgnoredLabel)}; the only negative " +
                $"label is {TokenRow.IgnoredLabel}");
        return new(ids, labels);
    }

    static int[] Numbers(SourceRow row, string column)
    {
        if (row[column] is not { ValueKind: JsonValueKind.Array } list) throw row.Error($"\"{column}\" must be a list of numbers");
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var value)
            ? value
            : throw row.Error($"\"{column}\" has {item.GetRawText()}, which is not a whole number"))];
    }
}
