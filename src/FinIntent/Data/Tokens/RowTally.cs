namespace FinIntent.Data.Tokens;

/// <summary>Rows of which the same is to be said: how many, and the first of them in words.</summary>
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

/// <summary>What a user should know of rows before they are trained on.</summary>
sealed record RowFindings
{
    public long Rows { get; set; }

    /// <summary>They are an error: a column is missing, a text is no text, the row is OpenFinData's.</summary>
    public RowTally Refused { get; init; } = new();

    /// <summary>They have no answer, or no conversation that could be trained on.</summary>
    public RowTally LeftOut { get; init; } = new();

    public RowTally Cut { get; init; } = new();

    /// <summary>No token of them is learnt.</summary>
    public RowTally Unlearnt { get; init; } = new();

    /// <summary>The last answer, as far as it is learnt, has no end token.</summary>
    public RowTally Endless { get; init; } = new();

    /// <summary>Of rows before them: the same prompt, with the same answer.</summary>
    public RowTally Repeated { get; init; } = new();

    /// <summary>Of rows before them: the same prompt, with another answer.</summary>
    public RowTally Conflicting { get; init; } = new();

    /// <summary>Tokens of the longest row before rows were cut.</summary>
    public int Longest { get; set; }

    public string? LongestPlace { get; set; }

    /// <summary>Files that could not be read to their end, and why.</summary>
    public List<string> Broken { get; init; } = [];
}
