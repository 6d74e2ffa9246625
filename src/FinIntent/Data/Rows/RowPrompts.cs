using System.Text.Json;
using FinIntent.Data.Leaks;
using FinIntent.Data.Sources;
using FinIntent.Intents;

namespace FinIntent.Data.Rows;

/// <summary>What a row of a file that no dataset_info.json describes asks, by the keys it has.</summary>
static class RowPrompts
{
    static readonly DatasetEntry[] Forms = [.. Enum.GetValues<RowFormat>().Select(format =>
        new DatasetEntry { Format = format, ColumnNames = DatasetColumns.Default(format), TagNames = DatasetTags.Default(format) })];

    public static IEnumerable<string> Of(SourceRow row)
    {
        if (OpenFinData.IsItem(row.Columns)) return [OpenFinData.Question(row.Columns, row.Place).Question];
        if (row["question"] is { ValueKind: JsonValueKind.String }) return [row.Text("question")!];
        if (row["instruction"] is not null || row["input"] is not null) return Aligned(row, RowFormat.Alpaca);
        if (row["conversations"] is not null) return Aligned(row, RowFormat.ShareGpt);
        if (row["messages"] is not null) return Aligned(row, RowFormat.OpenAi);
        if (row["text"] is { ValueKind: JsonValueKind.String }) return [row.Text("text")!];
        throw row.Error("it has none of the columns instruction, conversations, messages, question, text; its columns are " +
            string.Join(", ", row.Columns.EnumerateObject().Select(p => p.Name)));
    }

    /// <summary>A row that is a conversation, by the keys it has.</summary>
    public static AlignedRow Conversation(SourceRow row)
    {
        var format = row["conversations"] is not null ? RowFormat.ShareGpt : row["messages"] is not null ? RowFormat.OpenAi : RowFormat.Alpaca;
        return RowFormats.Align(row, Forms[(int)format]);
    }

    static IEnumerable<string> Aligned(SourceRow row, RowFormat format) =>
        RowFormats.Align(row, Forms[(int)format]).Conversation is { } conversation ? LeakCheck.PromptsOf(conversation) : [];
}
