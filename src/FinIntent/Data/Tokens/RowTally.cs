namespace FinIntent.Data.Tokens;

/// <summary>Counts rows of which the same is to be said, and keeps the first of them in words.</summary>
sealed class RowTally
{
    const int MostKept = 5;

    public long Count { get; set; }
    public List<string> Examples { get; init; } = [];

    public void Add(Func<string> example)
    {
        if (++Count <= MostKept) Examples.Add(example());
    }
}

/// <summary>Holds what a user should know of rows before they are trained on.</summary>
sealed record RowFindings
{
    public long Rows { get; set; }

    /// <summary>Rows that are an error: a column is missing, a text is no text, the row is OpenFinData's.</summary>
    public RowTally Refused { get; init; } = new();

    /// <summary>Rows that have no answer, or no conversation that could be trained on.</summary>
    public RowTally LeftOut { get; init; } = new();
    public RowTally Cut { get; init; } = new();

    /// <summary>Rows of which no token is learnt.</summary>
    public RowTally Unlearnt { get; init; } = new();

    /// <summary>Rows whose last answer, as far as it is learnt, has no end token.</summary>
    public RowTally Endless { get; init; } = new();

    /// <summary>Rows with the prompt and the answer of an earlier row.</summary>
    public RowTally Repeated { get; init; } = new();

    /// <summary>Rows with the prompt of an earlier row and another answer.</summary>
    public RowTally Conflicting { get; init; } = new();

    /// <summary>The tokens of the longest row before rows were cut.</summary>
    public int Longest { get; set; }
    public string? LongestPlace { get; set; }

    /// <summary>The files that could not be read to their end, and why.</summary>
    public List<string> Broken { get; init; } = [];
}
