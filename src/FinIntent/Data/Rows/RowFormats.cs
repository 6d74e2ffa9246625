using FinIntent.Data.Sources;
using FinIntent.Text;

namespace FinIntent.Data.Rows;

/// <summary>Holds what a row of a file became: a conversation, or the reason why LLaMA-Factory, and we, do not train on it.</summary>
/// <remarks>With both, the conversation ends in a question.</remarks>
/// <param name="NoAnswer">Why there is no answer; null where there is one, or the problem says so.</param>
readonly record struct AlignedRow(Conversation? Conversation, string? Problem, string? NoAnswer = null)
{
    /// <summary>Why the row teaches no answer to a question: it has none, or one without text; null where it teaches one.</summary>
    public string? Untaught => Problem ?? NoAnswer ?? EmptyPart;

    string? EmptyPart
    {
        get
        {
            var messages = Conversation!.Messages;
            for (var i = 0; i < messages.Count; i++)
                if (string.IsNullOrWhiteSpace(messages[i].Content))
                    return $"the {(i % 2 == 0 ? "question" : "answer")}{(messages.Count > 2 ? $" of turn {(i / 2) + 1}" : "")} is empty";
            return null;
        }
    }
}

/// <summary>Turns rows into conversations by LLaMA-Factory's rules (src/llamafactory/data/converter.py, ff6d4d1).</summary>
/// <remarks>A conversation without an answer ends in a user message.</remarks>
static class RowFormats
{
    const string User = "user", Assistant = "assistant";

    public static AlignedRow Align(SourceRow row, DatasetEntry entry)
    {
        var columns = entry.ColumnNames;
        if (row[columns.Tools] is { } tools && !IsEmpty(tools))
            throw row.Error($"column \"{columns.Tools}\" describes tools, which are not supported; remove it");
        return entry.Format == RowFormat.Alpaca ? Alpaca(row, columns) : Messages(row, columns, entry.TagNames);
    }

    static AlignedRow Alpaca(SourceRow row, DatasetColumns columns)
    {
        string?[] prompts = [columns.Prompt, columns.Query];
        if (!prompts.Any(column => column is { Length: > 0 } && row.Columns.TryGetProperty(column, out _)))
            throw Missing(row, columns.Prompt ?? columns.Query!);

        List<Message> messages = [.. History(row, columns.History)];
        messages.Add(new(User, string.Join('\n', prompts.Select(row.Text).Where(text => !string.IsNullOrEmpty(text)))));
        var answer = row[columns.Response];
        if (answer is { ValueKind: JsonValueKind.String }) messages.Add(new(Assistant, row.Text(columns.Response)!));
        return new(new(row.Text(columns.System), messages), null, answer switch
        {
            null => $"no answer in column \"{columns.Response}\"",
            { ValueKind: JsonValueKind.String } => null,
            { } other => $"column \"{columns.Response}\" is {SourceRow.Kind(other)}, which is no answer; write it as text",
        });
    }

    /// <summary>Returns the messages of a column that lists [question, answer] pairs; none where the row has no such column.</summary>
    public static IEnumerable<Message> History(SourceRow row, string? column)
    {
        if (row.List(column) is not { } history) yield break;
        foreach (var turn in history.EnumerateArray())
        {
            if (turn.ValueKind != JsonValueKind.Array || turn.GetArrayLength() != 2)
                throw row.Error($"column \"{column}\" must be a list of [question, answer] pairs");
            yield return new(User, row.TextOf(turn[0], "a question of the history"));
            yield return new(Assistant, row.TextOf(turn[1], "an answer of the history"));
        }
    }

    static AlignedRow Messages(SourceRow row, DatasetColumns columns, DatasetTags tags)
    {
        var list = row.List(columns.Messages) ?? throw Missing(row, columns.Messages!);
        var system = row.Text(columns.System);
        List<Message> messages = [];
        foreach (var (i, message) in list.EnumerateArray().Index())
        {
            if (message.ValueKind != JsonValueKind.Object)
                throw row.Error($"message {i + 1} must be an object, not {SourceRow.Kind(message)}");
            var role = Part(tags.RoleTag!);
            RefuseTools(row, message, role, tags);
            var isUser = messages.Count % 2 == 0;
            var expected = isUser ? tags.UserTag : tags.AssistantTag;
            if (i == 0 && role == tags.SystemTag) system = Part(tags.ContentTag!);
            else if (role == expected) messages.Add(new(isUser ? User : Assistant, Part(tags.ContentTag!)));
            else return new(null, $"message {i + 1} is from \"{role}\" where \"{expected}\" was expected");

            string Part(string tag) => message.TryGetProperty(tag, out var value)
                ? row.TextOf(value, $"\"{tag}\" of message {i + 1}")
                : throw row.Error($"message {i + 1} has no \"{tag}\"; it has {SourceRow.Names(message)}: name the right keys under tags " +
                    $"in {DatasetRegistry.FileName}");
        }
        if (messages.Count == 0) return new(null, "there are no messages");
        return new(new(system, messages), messages.Count % 2 == 0 ? null : "the last message is not an answer");
    }

    static void RefuseTools(SourceRow row, JsonElement message, string role, DatasetTags tags)
    {
        if (role == tags.ObservationTag || role == tags.FunctionTag
            || (message.TryGetProperty("tool_calls", out var calls) && !IsEmpty(calls)))
            throw row.Error("the conversation calls tools, which is not supported; remove the row");
    }

    static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.String => value.GetString() is "" or "[]",
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    static UserErrorException Missing(SourceRow row, string column) =>
        row.Error($"no column \"{column}\"; the row has {SourceRow.Names(row.Columns)}: name the right ones under columns in " +
            $"{DatasetRegistry.FileName}");
}
