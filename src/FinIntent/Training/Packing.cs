using FinIntent.Data.Tokens;

namespace FinIntent.Training;

/// <summary>Groups rows so that each group's tokens nearly fill a length, as LLaMA-Factory does.</summary>
/// <remarks>Among a thousand rows it takes the longest that still fits until none does (processor_utils.py, greedy_knapsack).</remarks>
static class Packing
{
    const int RowsAtOnce = 1000;

    /// <summary>Returns row numbers by group; rows longer than <paramref name="capacity"/> are in none.</summary>
    public static IReadOnlyList<int[]> Pack(IRowSource rows, int capacity)
    {
        var packs = new List<int[]>();
        for (var start = 0; start < rows.Count; start += RowsAtOnce)
        {
            var left = Enumerable.Range(start, Math.Min(RowsAtOnce, rows.Count - start))
                .Select(i => (Length: rows.Read(i).InputIds.Length, Row: i)).Where(r => r.Length <= capacity).Order().ToList();
            while (left.Count > 0) packs.Add(TakePack(left, capacity));
        }
        return packs;
    }

    static int[] TakePack(List<(int Length, int Row)> left, int capacity)
    {
        var pack = new List<int>();
        while (true)
        {
            var fits = left.BinarySearch((capacity, int.MaxValue));
            var last = (fits < 0 ? ~fits : fits) - 1;
            if (last < 0) return [.. pack];
            capacity -= left[last].Length;
            pack.Add(left[last].Row);
            left.RemoveAt(last);
        }
    }
}
