using FinIntent.Classification;
using FinIntent.Data.Rows;
using FinIntent.Data.Tables;
using FinIntent.Intents;
using FinIntent.Jobs.Classify.Shards;
using FinIntent.Settings;

namespace FinIntent.Jobs.Classify;

/// <summary>Holds the table that is classified, as far as it is known before the model is loaded, and the columns that are added.</summary>
/// <param name="Survey">What the input holds; null where it comes through a pipe.</param>
/// <param name="TextColumn">The column with the texts.</param>
sealed record ClassifyTable(string Input, string Output, TableSurvey? Survey, string TextColumn)
{
    /// <summary>Stands for standard input and output.</summary>
    public const string Pipe = "-";

    static readonly string[] TextColumns = ["text", "question"];

    static readonly TableColumn[] Columns =
    [
        new("intent", ColumnKind.Text), new("label", ColumnKind.Text), new("probability", ColumnKind.Number),
        new("margin", ColumnKind.Number), new("abstained", ColumnKind.Boolean), new("prediction_set", ColumnKind.Texts),
    ];

    const string ErrorColumn = "error";

    /// <summary>The rows that are classified: how many come before them, and how many they are; null means all.</summary>
    public (long First, long Count)? Range { get; init; }

    /// <summary>How many rows are classified; null where they come through a pipe.</summary>
    public long? Rows => Range?.Count ?? Survey?.Rows;

    public bool IsFromPipe => Input == Pipe;
    public bool IsToPipe => Output == Pipe;
    public string OutputType => IsToPipe ? ".jsonl" : Path.GetExtension(Output).ToLowerInvariant();

    /// <summary>Looks at the input, so that what is wrong with it is told before a model is loaded and a text scored.</summary>
    /// <exception cref="UserErrorException">The input or output cannot be used; the message names the key or the line.</exception>
    public static ClassifyTable Of(SettingsFile settings, CancellationToken stop)
    {
        var asked = settings.Classify;
        var input = asked.Input ?? throw new UserErrorException($"{settings.Path}: input is missing; name a table of texts, or - for " +
            "JSON lines on standard input, or give one text");
        var output = asked.Output ?? Pipe;
        var table = new ClassifyTable(input, output, null, asked.TextColumn ?? TextColumns[0]);
        if (!TableWriter.IsType(table.OutputType))
            throw new UserErrorException($"output: {output}: tables are written as {TableWriter.Types}, not \"{table.OutputType}\"");
        if (table.IsFromPipe)
            return table.OutputType is ".jsonl" or ".json" ? table : throw new UserErrorException(
                $"output: {output}: the columns of what comes through a pipe are not known beforehand; write .jsonl or .json");
        if (!table.IsToPipe && Path.GetFullPath(input) == Path.GetFullPath(output))
            throw new UserErrorException($"output: {output} is the input; name another file");
        if (!table.IsToPipe && Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder
            && folder == Path.TrimEndingDirectorySeparator(Path.GetFullPath(input)))
            throw new UserErrorException($"output: {output} would lie in the folder that is read; name another folder");
        var survey = TableSurvey.Of(input, stop);
        return table with { Survey = survey, TextColumn = ColumnOf(survey, asked.TextColumn, input) };
    }

    /// <summary>Looks at the input of a shard, which writes its part into the folder that output names.</summary>
    /// <exception cref="UserErrorException">As for a whole table, or output is no folder's name.</exception>
    public static ClassifyTable Of(SettingsFile settings, Shard shard, CancellationToken stop)
    {
        var asked = settings.Classify;
        if (asked.Input is null or Pipe)
            throw new UserErrorException(
                $"input: {(asked.Input is null ? "it is missing" : "a pipe has no shards")}; name a table of texts");
        if (asked.Output is null || !NamesFolder(asked.Output))
            throw new UserErrorException($"output: {asked.Output ?? "it is missing"}: shards write parts; name a folder for them");
        DataFile.Check(asked.Input);
        var type = Path.GetExtension(DataFile.FilesOf(asked.Input)[0]).ToLowerInvariant();
        var part = Path.Combine(asked.Output, shard.Name + (TableWriter.IsType(type) ? type : ".jsonl"));
        var table = Of(settings with { Classify = asked with { Output = part } }, stop);
        return table with { Range = shard.RowsOf(table.Survey!.Rows) };
    }

    /// <summary>Says whether an output is a folder's name, as parts need one, and not a table's or the pipe's.</summary>
    public static bool NamesFolder(string output) => output != Pipe && !TableWriter.IsType(Path.GetExtension(output));

    /// <summary>Reads the rows that are classified.</summary>
    public IEnumerable<SourceRow> Read() =>
        Range is var (first, count) ? DataFile.ReadRange(Input, first, count) : DataFile.ReadCopied(Input);

    static string ColumnOf(TableSurvey survey, string? wanted, string input)
    {
        if (wanted is null && TextColumns.FirstOrDefault(survey.Has) is { } found) return found;
        if (wanted is not null && (survey.Has(wanted) || survey.Rows == 0)) return wanted;
        if (survey.Rows == 0) return TextColumns[0];
        var names = string.Join(", ", survey.Columns.Select(c => c.Name));
        throw new UserErrorException(wanted is null
            ? $"{input}: there is no column {string.Join(" or ", TextColumns)}; the columns are {names}: name one in text_column"
            : $"text_column: {input} has no column \"{wanted}\"; the columns are {names}");
    }

    /// <summary>Returns the added columns.</summary>
    /// <param name="set">Gives their names where every intent's probability is added.</param>
    /// <exception cref="UserErrorException">The input has one of them already.</exception>
    public IReadOnlyList<TableColumn> Added(ClassifySettings asked, LabelSet set)
    {
        IEnumerable<TableColumn> all = asked.AllProbabilities
            ? Columns.Concat(set.Options.Select(o => new TableColumn($"probability_{o.Name}", ColumnKind.Number))) : Columns;
        TableColumn[] added = [.. all.Append(new(ErrorColumn, ColumnKind.Text)).Select(c => c with { Name = asked.OutputPrefix + c.Name })];
        if (Survey?.Repeated(added.Select(c => c.Name)) is { Count: > 0 } repeated) throw AddedAlready(Input, repeated[0]);
        return added;
    }

    /// <summary>Holds a row of a pipe, which was not looked at before, to what a survey asks of a file's.</summary>
    /// <exception cref="UserErrorException">It has an added column already.</exception>
    public SourceRow Checked(SourceRow row, IReadOnlyList<TableColumn> added)
    {
        new SeenColumns().Add(row);
        foreach (var column in added)
            if (row.Columns.TryGetProperty(column.Name, out _)) throw AddedAlready(row.Place, column.Name);
        return row;
    }

    static UserErrorException AddedAlready(string place, string column) =>
        new($"{place}: it has a column \"{column}\" already, which the intents are written to; " +
            "give the added columns another beginning with output_prefix, such as output_prefix=predicted_");

    /// <summary>Writes what is known of a text into the added columns.</summary>
    public static void Fill(Span<Cell> cells, IntentAnswer? answer, string? error, LabelSet set, bool withAll)
    {
        cells.Fill(Cell.None);
        cells[^1] = error;
        if (answer is null) return;
        var best = answer.Best;
        cells[0] = set.Options[best].Name;
        cells[1] = set.Options[best].Label;
        cells[2] = (double?)answer.Probabilities[best];
        cells[3] = (double?)answer.Margin;
        cells[4] = answer.PredictionSet is null ? (bool?)null : answer.Reason is not null;
        cells[5] = answer.PredictionSet is { } options ? Cell.Of([.. options.Select(i => set.Options[i].Name)]) : Cell.None;
        if (!withAll) return;
        foreach (var (i, probability) in answer.Probabilities.Index()) cells[Columns.Length + i] = (double?)probability;
    }
}
