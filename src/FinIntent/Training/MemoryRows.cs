using FinIntent.Data.Tokens;

namespace FinIntent.Training;

/// <summary>Rows held in memory.</summary>
sealed class MemoryRows(IReadOnlyList<TokenRow> rows) : IRowSource
{
    public int Count => rows.Count;

    public TokenRow Read(int index) => rows[index];
}
