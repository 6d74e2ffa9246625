namespace FinIntent.Data.Rows;

/// <summary>Counts the rows of a file that are left out, and tells them in one line with the first of their places.</summary>
sealed class LeftOutRows
{
    const int PlacesShown = 5;

    readonly List<string> _examples = [];

    public long Rows { get; private set; }
    public long Count { get; private set; }

    /// <param name="problem">The row's place and why it is left out; null for one that is not.</param>
    public void See(string? problem)
    {
        Rows++;
        if (problem is not null && ++Count <= PlacesShown) _examples.Add(problem);
    }

    /// <param name="file">The file or data set.</param>
    public string Summary(string file) =>
        $"{file}: {Count} of {Rows} rows left out: {string.Join("; ", _examples)}{(Count > PlacesShown ? "; …" : "")}";

    /// <summary>Passes on the rows that something is to be made of, and tells of the others at the end.</summary>
    /// <param name="problem">Says why a row is left out; null for one that is not.</param>
    /// <param name="warn">It is told once; null means that nobody is there to be told, and the first such row is an error.</param>
    /// <exception cref="UserErrorException">All rows are left out, or nobody is there to be told of one.</exception>
    public static IEnumerable<SourceRow> Without(
        IEnumerable<SourceRow> rows, Func<SourceRow, string?> problem, string file, Action<string>? warn)
    {
        var left = new LeftOutRows();
        foreach (var row in rows)
        {
            var why = problem(row);
            if (why is not null && warn is null) throw row.Error($"{why}; write one, or remove the row");
            left.See(why is null ? null : $"{row.Place}: {why}");
            if (why is null) yield return row;
        }
        if (left.Count == 0) yield break;
        if (left.Count == left.Rows) throw new UserErrorException($"{left.Summary(file)}. No row is left");
        warn!(left.Summary(file));
    }
}
