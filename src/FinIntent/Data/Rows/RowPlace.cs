namespace FinIntent.Data.Rows;

/// <summary>Where a row stands: at a line, or, where a file has no lines, the row of that number.</summary>
readonly record struct RowPlace(string File, long Number, bool IsLine)
{
    public override string ToString() => IsLine ? $"{File}:{Number}" : $"{File}: row {Number}";
}
