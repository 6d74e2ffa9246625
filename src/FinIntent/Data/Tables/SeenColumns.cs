using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Gathers the columns of a table and what stands in them.</summary>
sealed class SeenColumns
{
    // The whole numbers up to here are doubles; above, some are not.
    const long LargestSafe = 1L << 53;

    readonly ColumnFinder _finder = new([]);
    readonly List<(string Name, Content Content)> _columns = [];

    [Flags]
    enum Content
    {
        None = 0, Text = 1, Integer = 2, LargeInteger = 4, Number = 8, Boolean = 16, Texts = 32, Other = 64,
    }

    public IReadOnlyList<TableColumn> Columns => [.. _columns.Select(column => new TableColumn(column.Name, KindOf(column.Content)))];

    /// <summary>Adds the header of a file whose values are all texts.</summary>
    public void AddTexts(IReadOnlyList<string> names)
    {
        foreach (var name in names) Add(name, ColumnKind.Text);
    }

    /// <summary>Adds a column of a file that says what it holds.</summary>
    public void Add(string name, ColumnKind kind)
    {
        var place = _columns.FindIndex(column => column.Name == name);
        if (place < 0) place = Append(name);
        var content = kind switch
        {
            ColumnKind.Text => Content.Text,
            ColumnKind.Integer => Content.Integer | Content.LargeInteger,
            ColumnKind.Number => Content.Number,
            ColumnKind.Boolean => Content.Boolean,
            ColumnKind.Texts => Content.Texts,
            _ => Content.Other,
        };
        _columns[place] = _columns[place] with { Content = _columns[place].Content | content };
    }

    public void Add(SourceRow row)
    {
        var expected = 0;
        foreach (var column in row.Columns.EnumerateObject())
        {
            var place = _finder.Find(row, column, expected++);
            if (place < 0) place = Append(column.Name);
            _columns[place] = _columns[place] with { Content = _columns[place].Content | ContentOf(column.Value) };
        }
    }

    int Append(string name)
    {
        _columns.Add((name, Content.None));
        return _finder.Add(name);
    }

    static Content ContentOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => Content.None,
        JsonValueKind.String => Content.Text,
        JsonValueKind.True or JsonValueKind.False => Content.Boolean,
        JsonValueKind.Number => NumberOf(value),
        JsonValueKind.Array => value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? Content.Texts : Content.Other,
        _ => Content.Other,
    };

    static Content NumberOf(JsonElement value)
    {
        if (value.TryGetInt64(out var whole))
            return whole is > LargestSafe or < -LargestSafe ? Content.Integer | Content.LargeInteger : Content.Integer;
        var isFraction = JsonMarshal.GetRawUtf8Value(value).IndexOfAny(".eE"u8) >= 0;
        return isFraction && value.TryGetDouble(out var number) && double.IsFinite(number) ? Content.Number : Content.Other;
    }

    static ColumnKind KindOf(Content content) => content switch
    {
        Content.None or Content.Text => ColumnKind.Text,
        Content.Integer or (Content.Integer | Content.LargeInteger) => ColumnKind.Integer,
        Content.Number or (Content.Integer | Content.Number) => ColumnKind.Number,
        Content.Boolean => ColumnKind.Boolean,
        Content.Texts => ColumnKind.Texts,
        _ => ColumnKind.Json,
    };
}
