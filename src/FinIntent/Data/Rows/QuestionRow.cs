using FinIntent.Data.Sources;
using FinIntent.Text;

namespace FinIntent.Data.Rows;

/// <summary>Names the forms that a row of questions may have.</summary>
enum QuestionForm
{
    /// <summary>An item of OpenFinData: "question", the options under their letters, "answer".</summary>
    OpenFinData,
    /// <summary>A "question", perhaps with its intent in a column of its own.</summary>
    Question,
    /// <summary>A conversation in Alpaca's columns: "instruction", "input", "output", "system", "history".</summary>
    Alpaca,
    /// <summary>A conversation under "conversations".</summary>
    ShareGpt,
    /// <summary>A conversation under "messages".</summary>
    OpenAi,
    /// <summary>A "text" alone, as each line of a .txt file is.</summary>
    Text,
}

/// <summary>Tells the form of a row that no dataset_info.json describes by the columns it has, the same way for every command.</summary>
static class QuestionRow
{
    const string HistoryColumn = "history";

    /// <summary>Returns what was said before a row's question, a question and its answer in turn.</summary>
    /// <exception cref="UserErrorException">The column "history" is no list of [question, answer] pairs.</exception>
    public static IReadOnlyList<Message> History(SourceRow row) => [.. RowFormats.History(row, HistoryColumn)];

    public static QuestionForm FormOf(SourceRow row)
    {
        if (OpenFinData.IsItem(row)) return QuestionForm.OpenFinData;
        if (row["question"] is not null && row["instruction"]?.ToString() is null or "") return QuestionForm.Question;
        if (row["instruction"] is not null || row["input"] is not null) return QuestionForm.Alpaca;
        if (row["conversations"] is not null) return QuestionForm.ShareGpt;
        if (row["messages"] is not null) return QuestionForm.OpenAi;
        if (row["text"] is not null) return QuestionForm.Text;
        throw row.Error("it has none of the columns instruction, conversations, messages, question, text; its columns are " +
            SourceRow.Names(row.Columns));
    }

    /// <summary>Reads a row of one of the three forms of conversations.</summary>
    public static AlignedRow Conversation(SourceRow row)
    {
        var format = FormOf(row) switch
        {
            QuestionForm.Alpaca => RowFormat.Alpaca,
            QuestionForm.ShareGpt => RowFormat.ShareGpt,
            QuestionForm.OpenAi => RowFormat.OpenAi,
            _ => throw row.Error($"it is no conversation: no column instruction, conversations or messages; its columns are " +
                $"{SourceRow.Names(row.Columns)}"),
        };
        var columns = DatasetColumns.Default(format) with { History = HistoryColumn, System = "system" };
        return RowFormats.Align(row, new() { Format = format, ColumnNames = columns, TagNames = DatasetTags.Default(format) });
    }

    /// <summary>Returns what the row's user asks, a text for each turn; none where the row could not be trained on.</summary>
    public static IEnumerable<string> Prompts(SourceRow row) => FormOf(row) switch
    {
        QuestionForm.OpenFinData => [OpenFinData.Question(row).Question],
        QuestionForm.Question => [row.Word("question")!],
        QuestionForm.Text => [row.Text("text")!],
        _ => Conversation(row) is { Problem: null, Conversation: { } conversation } ? PromptsOf(conversation) : [],
    };

    public static IEnumerable<string> PromptsOf(Conversation conversation) =>
        conversation.Messages.Where(m => m.Role == "user").Select(m => m.Content);
}
