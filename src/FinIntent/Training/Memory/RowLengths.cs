using FinIntent.Data.Tokens;
using FinIntent.Text;

namespace FinIntent.Training.Memory;

/// <summary>Says how long a run's rows are.</summary>
/// <param name="Count">The rows of an epoch.</param>
/// <param name="Deviation">The standard deviation of a row's tokens.</param>
/// <param name="LabelShare">The share of all tokens that is learnt.</param>
sealed record RowLengths(int Count, int Longest, double Mean, double Deviation, double LabelShare)
{
    const int MostRead = 20_000;

    public double Tokens => Count * Mean;

    /// <summary>Measures the rows; of many it reads as many as are quickly read, evenly spread.</summary>
    public static RowLengths Of(TrainingSet input)
    {
        var step = Math.Max(1, (input.Count + MostRead - 1) / MostRead);
        return Of(input.Count, Enumerable.Range(0, (input.Count + step - 1) / step).Select(i => input.Read([i * step])));
    }

    /// <param name="units">Some of the <paramref name="count"/> rows or packs.</param>
    static RowLengths Of(int count, IEnumerable<TokenRow[]> units)
    {
        var longest = 0;
        double read = 0, tokens = 0, squares = 0, labels = 0;
        foreach (var unit in units)
        {
            double length = unit.Sum(row => row.InputIds.Length);
            longest = Math.Max(longest, unit.Max(row => row.InputIds.Length));
            labels += unit.Sum(MicroBatches.LabelCount);
            tokens += length;
            squares += length * length;
            read++;
        }
        var mean = tokens / read;
        return new(count, longest, mean, Math.Sqrt(Math.Max(0, (squares / read) - (mean * mean))), labels / tokens);
    }

    /// <summary>Returns the lengths of rows that are cut off at a length.</summary>
    public RowLengths CutAt(int length) => length >= Longest ? this
        : this with { Longest = length, Mean = Math.Min(Mean, length), Deviation = Math.Min(Deviation, length) };

    /// <summary>Returns the tokens of an update of so many rows that hardly any update has more.</summary>
    public int LargestUpdate(int rows) =>
        (int)Math.Ceiling(Math.Max(Longest, (Math.Min(rows, Count) * Mean) + (2 * Deviation * Math.Sqrt(Math.Min(rows, Count)))));

    /// <summary>Returns a forward with the longest row and others of average length.</summary>
    public ForwardSize Forward(int tokens)
    {
        double longest = Math.Min(tokens, Longest);
        return new(tokens, ((longest * longest) + ((tokens - longest) * Mean)) / tokens, (int)Math.Ceiling(tokens * LabelShare));
    }
}
