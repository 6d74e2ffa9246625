using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Rows by their index, from memory or disk. Safe to read from several threads.</summary>
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

/// <summary>Rows held in memory.</summary>
sealed class MemoryRows(IReadOnlyList<TokenRow> rows) : IRowSource
{
    public int Count => rows.Count;

    public TokenRow Read(int index) => rows[index];
}
