namespace FinIntent.Data.Tables;

/// <summary>Holds a value that is added to a row: a text, a number, true or false, a list of texts, or nothing.</summary>
readonly struct Cell
{
    readonly ColumnKind _kind;
    readonly double _number;
    readonly object? _value;

    Cell(ColumnKind kind, double number, object? value) => (_kind, _number, _value) = (kind, number, value);

    public static Cell None => default;

    /// <summary>The kind of its value; null where it has none.</summary>
    public ColumnKind? Kind => _value is null && _kind is not (ColumnKind.Number or ColumnKind.Boolean) ? null : _kind;

    public string Text => (string)_value!;
    public double Number => _number;
    public bool Boolean => _number != 0;
    public IReadOnlyList<string> Texts => (IReadOnlyList<string>)_value!;

    public static implicit operator Cell(string? text) => new(ColumnKind.Text, 0, text);

    /// <summary>A number that is none, as 0/0, has no cell.</summary>
    public static implicit operator Cell(double? number) =>
        number is { } value && double.IsFinite(value) ? new(ColumnKind.Number, value, null) : None;

    public static implicit operator Cell(bool? flag) => flag is { } value ? new(ColumnKind.Boolean, value ? 1 : 0, null) : None;

    public static implicit operator Cell(string[]? texts) => new(ColumnKind.Texts, 0, texts);

    public static Cell Of(IReadOnlyList<string>? texts) => new(ColumnKind.Texts, 0, texts);
}
