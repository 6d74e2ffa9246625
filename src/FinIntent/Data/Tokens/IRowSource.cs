using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Gives rows by their index, from memory or disk; several threads may read at once.</summary>
interface IRowSource
{
    int Count { get; }
    TokenRow Read(int index);
}

/// <summary>Gives some of the rows of another source.</summary>
sealed class SelectedRows(IRowSource rows, int[] indexes) : IRowSource
{
    public int Count => indexes.Length;
    public TokenRow Read(int index) => rows.Read(indexes[index]);
}

/// <summary>Gives rows that are held in memory.</summary>
sealed class MemoryRows(IReadOnlyList<TokenRow> rows) : IRowSource
{
    public int Count => rows.Count;
    public TokenRow Read(int index) => rows[index];
}
