namespace FinIntent.Evaluation.Reports;

/// <summary>The renderers that show a column.</summary>
[Flags]
enum Shown
{
    Text = 1,
    Markdown = 2,
    Page = 4,
    Lines = Text | Markdown,
    Everywhere = Lines | Page,
}

/// <summary>What stands in one place of a table.</summary>
sealed record Cell(Bilingual Text)
{
    /// <summary>A second value that belongs to the text: it follows in brackets, and on the page in small letters below.</summary>
    public Bilingual? Note { get; init; }

    /// <summary>A note for the page alone, because text and Markdown have a column of its own for it.</summary>
    public Bilingual? PageNote { get; init; }

    /// <summary>A drawing as SVG, which only the page shows. It is markup, so it must hold no text of a user.</summary>
    public string Chart { get; init; } = "";

    /// <summary>The CSS class of this cell, besides its column's.</summary>
    public string Class { get; init; } = "";

    public static implicit operator Cell(string text) => new(text);

    public static implicit operator Cell(Bilingual text) => new(text);

    /// <summary>The cell in a line of text.</summary>
    public string In(Language language) => Note is { } note ? $"{Text.In(language)} ({note.In(language)})" : Text.In(language);
}

/// <summary>A column's head.</summary>
/// <param name="Class">The CSS classes. Two mean something to all renderers: "n" is a number, and "row" names the row.</param>
record Column(Bilingual Heading, string Class)
{
    public Shown Shown { get; init; } = Shown.Everywhere;

    /// <summary>Markup that the page shows below the heading.</summary>
    public string Axis { get; init; } = "";

    public bool IsNumber => Class.Split(' ')[0] == "n";
}

/// <summary>A column, with what it says of a row's subject.</summary>
sealed record Column<T>(Bilingual Heading, string Class, Func<T, Cell> CellOf) : Column(Heading, Class)
{
    /// <summary>The same value for programs; null where the JSON does not have it under a key of its own.</summary>
    public (string Key, Func<T, JsonNode?> ValueOf)? Json { get; init; }
}

/// <summary>A table as every renderer gets it.</summary>
/// <param name="Class">Its CSS classes on the page. In "stack" and "pairs" a narrow page shows each number with its heading.</param>
sealed record Table(Bilingual Caption, string Class, IReadOnlyList<Column> Columns, IReadOnlyList<IReadOnlyList<Cell>> Rows)
{
    public static Table Of<T>(Bilingual caption, string @class, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows) =>
        new(caption, @class, columns, [.. rows.Select(row => columns.Select(column => column.CellOf(row)).ToList())]);

    /// <summary>The table with the columns that one renderer shows.</summary>
    public Table For(Shown place)
    {
        var shown = Columns.Index().Where(c => c.Item.Shown.HasFlag(place)).Select(c => c.Index).ToList();
        return this with
        {
            Columns = [.. shown.Select(c => Columns[c])],
            Rows = [.. Rows.Select(row => shown.Select(c => row[c]).ToList())],
        };
    }
}
