using System.Text.Json.Serialization;

namespace FinIntent.Data.Tokens;

/// <summary>One row as the model reads it. Labels has a label for each token, <see cref="IgnoredLabel"/> where nothing is learnt.</summary>
public sealed record TokenRow(int[] InputIds, int[] Labels)
{
    public const int IgnoredLabel = -100;

    /// <summary>Tokens that the row had before it was cut to cutoff_len, and has no more.</summary>
    [JsonIgnore]
    public int CutTokens { get; init; }
}

/// <summary>Rows by index, from memory or disk. Safe to read from several threads.</summary>
public interface IRowSource
{
    int Count { get; }

    TokenRow Read(int index);
}

/// <summary>Some of the rows of another source.</summary>
sealed class SelectedRows(IRowSource rows, int[] indexes) : IRowSource
{
    public int Count => indexes.Length;

    public TokenRow Read(int index) => rows.Read(indexes[index]);
}
