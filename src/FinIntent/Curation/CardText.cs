using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Curation;

/// <summary>A data set's README.md as hubs read it. A card writes it piece by piece: front matter, sections, tables, lists.</summary>
/// <param name="isBilingual">Whether a Chinese card says everything in English, too.</param>
abstract class CardText(SchemaLanguage language, bool isBilingual)
{
    readonly StringBuilder _text = new();

    bool IsChinese => language == SchemaLanguage.Chinese;

    /// <summary>Writes the front matter, which hubs sort data sets by, and the title.</summary>
    /// <param name="licence">A hub's word for the licence; null: the card does not say.</param>
    /// <param name="rows">The number of rows; null: the card does not say.</param>
    protected void Head(string name, string? licence, int? rows, params string[] tags)
    {
        Line("---");
        if (licence is not null) Line($"license: {licence}");
        Line($"language:\n- {(IsChinese ? "zh" : "en")}\ntask_categories:\n- text-classification");
        if (rows is { } count) Line($"size_categories:\n- {SizeOf(count)}");
        Line($"tags:\n- {string.Join("\n- ", tags)}\npretty_name: {name}\n---\n");
        Line($"# {name}\n");
    }

    static string SizeOf(int rows) => rows switch
    {
        < 1_000 => "n<1K",
        < 10_000 => "1K<n<10K",
        < 100_000 => "10K<n<100K",
        < 1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };

    protected void Section(string chinese, string english) => Line($"## {Say(chinese, english)}\n");

    protected void Table(params IEnumerable<string> columns)
    {
        Row(columns);
        Line(string.Concat(columns.Select(_ => "|---")) + "|");
    }

    protected void Row(params IEnumerable<object> cells) =>
        Line($"| {string.Join(" | ", cells.Select(cell => Convert.ToString(cell, CultureInfo.InvariantCulture)))} |");

    /// <summary>Writes an item of a list in the card's language; a bilingual card has an item for each language.</summary>
    protected void Item(string chinese, string english)
    {
        if (IsChinese) Line($"- {chinese}");
        if (!IsChinese || isBilingual) Line($"- {english}");
    }

    protected string Say(string chinese, string english) => !IsChinese ? english : isBilingual ? $"{chinese} {english}" : chinese;

    protected void Line(FormattableString line) => Line(line.ToString(CultureInfo.InvariantCulture));

    protected void Line(string line = "") => _text.Append(Inert.Text(line)).Append('\n');

    /// <summary>Returns a text in which nothing is markup or ends a table's cell.</summary>
    protected static string Cell(string text) => MarkdownText.Escape(text.ReplaceLineEndings(" "));

    /// <summary>Returns a name as code.</summary>
    protected static string Code(string name) => $"`{name.ReplaceLineEndings(" ").Replace('`', '\'')}`";

    public override string ToString() => _text.ToString();
}
