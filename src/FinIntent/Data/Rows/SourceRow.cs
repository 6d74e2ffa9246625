using System.Text.Json;

namespace FinIntent.Data.Rows;

/// <summary>One row of a data file, an object of columns, with the line (or, where a file has no lines, the row) it stands at.</summary>
readonly record struct SourceRow(string File, long Number, bool IsLine, JsonElement Columns)
{
    public string Place => At.ToString();

    public RowPlace At => new(File, Number, IsLine);

    public UserErrorException Error(string message, Exception? inner = null) => new($"{Place}: {message}", inner);

    /// <summary>A column's value; null when the row does not have it or it is null.</summary>
    public JsonElement? this[string? column] =>
        column is not null && Columns.TryGetProperty(column, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A column that must be text.</summary>
    public string? Text(string? column)
    {
        if (this[column] is not { } value) return null;
        return TextOf(value, $"column \"{column}\"");
    }

    public string TextOf(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.String) throw Error($"{what} must be text, not {Kind(value)}");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Error($"{what} is not valid Unicode; save the file as UTF-8", e);
        }
    }

    /// <summary>A column that must be a list. Text files hold lists as JSON.</summary>
    public JsonElement? List(string? column)
    {
        if (this[column] is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text)
        {
            if (text.Length == 0) return null;
            try
            {
                value = JsonElement.Parse(text);
            }
            catch (JsonException e)
            {
                throw Error($"column \"{column}\" must be a list, or a list written as JSON: {e.Message}", e);
            }
        }
        return value.ValueKind == JsonValueKind.Array ? value : throw Error($"column \"{column}\" must be a list, not {Kind(value)}");
    }

    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "text",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
