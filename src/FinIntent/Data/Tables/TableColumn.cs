using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Says what the values of a column are; each may be missing.</summary>
enum ColumnKind
{
    /// <summary>Texts. It is also the kind of a column without any value.</summary>
    Text,
    /// <summary>Whole numbers of at most 64 bits.</summary>
    Integer,
    /// <summary>Numbers that a double can hold.</summary>
    Number,
    Boolean,
    /// <summary>Lists of texts.</summary>
    Texts,
    /// <summary>Anything else: other lists, objects, longer numbers, or values of several kinds. They are kept as JSON.</summary>
    Json,
}

/// <summary>Names a column of a table.</summary>
readonly record struct TableColumn(string Name, ColumnKind Kind);

/// <summary>Finds the columns of a row among those of a table. The usual row has them in the table's order, which is quick.</summary>
sealed class ColumnFinder
{
    readonly List<byte[]> _names = [];
    readonly Dictionary<string, int> _places = [];

    public ColumnFinder(IEnumerable<string> names)
    {
        foreach (var name in names) Add(name);
    }

    public int Count => _names.Count;

    /// <returns>The column's place.</returns>
    public int Add(string name)
    {
        _places.Add(name, _names.Count);
        _names.Add(Encoding.UTF8.GetBytes(name));
        return _names.Count - 1;
    }

    /// <param name="expected">The place where the column stands in the usual row.</param>
    /// <returns>The column's place; -1 where the table has no such column.</returns>
    public int Find(SourceRow row, JsonProperty column, int expected)
    {
        if (expected < _names.Count && column.NameEquals(_names[expected])) return expected;
        return _places.TryGetValue(column.Name, out var place) ? place : -1;
    }
}
