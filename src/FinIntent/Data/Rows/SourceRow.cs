using FinIntent.Files;

namespace FinIntent.Data.Rows;

/// <summary>Says where a row stands: at a line or, in a file without lines, at the row of that number, counted from 1.</summary>
readonly record struct RowPlace(string File, long Number, bool IsLine)
{
    public override string ToString() => IsLine ? $"{File}:{Number}" : $"{File}: row {Number}";
}

/// <summary>Holds a row of a data file: an object of columns, and the place with which every message about the row begins.</summary>
readonly record struct SourceRow(string File, long Number, bool IsLine, JsonElement Columns)
{
    public string Place => At.ToString();
    public RowPlace At => new(File, Number, IsLine);

    public UserErrorException Error(string message, Exception? inner = null) => new($"{Place}: {message}", inner);

    /// <summary>A column's value; null when the row does not have the column or its value is null.</summary>
    public JsonElement? this[string? column] =>
        column is { Length: > 0 } && Columns.TryGetProperty(column, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Returns the value of a column that must be text; null when there is none.</summary>
    public string? Text(string? column) => this[column] is { } value ? TextOf(value, $"column \"{column}\"") : null;

    /// <summary>Returns the value of a column that must be text or a number, as text; null when there is none.</summary>
    public string? Word(string column) => this[column] is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : Text(column);

    /// <summary>Returns the value of a column that every row must have.</summary>
    /// <param name="remedy">Follows the names of the columns that the row does have.</param>
    public string Needed(string column, string remedy = "") =>
        Word(column) ?? throw Error($"no column \"{column}\"; the row has {Names(Columns)}{remedy}");

    public string TextOf(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.String) throw Error($"{what} must be text, not {Kind(value)}");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Error($"{what} has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character", e);
        }
    }

    /// <summary>Returns the value of a column that must be a list; text files hold lists as JSON.</summary>
    public JsonElement? List(string? column)
    {
        if (this[column] is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String)
        {
            var text = TextOf(value, $"column \"{column}\"");
            if (text.Length == 0) return null;
            var place = $"{Place}: column \"{column}\" must be a list, or a list written as JSON";
            value = JsonText.Element(Encoding.UTF8.GetBytes(text), place, firstLine: 0);
        }
        return value.ValueKind == JsonValueKind.Array ? value : throw Error($"column \"{column}\" must be a list, not {Kind(value)}");
    }

    /// <summary>Returns the names of an object's columns, for messages.</summary>
    public static string Names(JsonElement value) => string.Join(", ", value.EnumerateObject().Select(p => p.Name));

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
