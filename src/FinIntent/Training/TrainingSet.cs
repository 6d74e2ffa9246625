using FinIntent.Data.Tokens;
using FinIntent.Text;

namespace FinIntent.Training;

/// <summary>Holds what a run reads.</summary>
sealed record TrainingSet(IRowSource Rows, IRowSource? Validation = null)
{
    /// <summary>Rows that count as one in a batch (packing) but never see each other; null: each row counts as one.</summary>
    public IReadOnlyList<int[]>? Packs { get; init; }

    /// <summary>The number of units that batches are made of: rows or packs.</summary>
    public int Count => Packs?.Count ?? Rows.Count;

    public int[] RowsOf(ReadOnlySpan<int> units)
    {
        if (Packs is null) return units.ToArray();
        var rows = new List<int>();
        foreach (var unit in units) rows.AddRange(Packs[unit]);
        return [.. rows];
    }

    public TokenRow[] Read(ReadOnlySpan<int> units) => [.. RowsOf(units).Select(Rows.Read)];
}
