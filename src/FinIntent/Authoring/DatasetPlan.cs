using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Authoring;

/// <summary>How many rows are wanted of each intent and length.</summary>
/// <param name="Wanted">The numbers of rows, by the intent's number and then the length's.</param>
sealed record DatasetPlan(IReadOnlyList<string> Intents, IReadOnlyList<LengthRange> Lengths, LengthUnit Unit, int[][] Wanted)
{
    public int Rows => Wanted.Sum(row => row.Sum());

    public int RowsOf(int intent) => Wanted[intent].Sum();

    /// <summary>Returns the number of the range that a question's length is in; null when there is none.</summary>
    public int? LengthOf(string question)
    {
        var length = LengthRange.Measure(question, Unit);
        for (var i = 0; i < Lengths.Count; i++)
            if (Lengths[i].Contains(length)) return i;
        return null;
    }

    /// <exception cref="UserErrorException">Shares name an intent or a length that does not exist.</exception>
    public static DatasetPlan Of(GenerateSettings settings, IntentSchema schema)
    {
        string[] names = [.. schema.Intents.Select(intent => intent.Name)];
        var lengths = LengthRange.SharesOf(settings, schema.Language);
        var rows = Apportionment.Of(ClassShares(settings, names), settings.Rows);
        var unit = settings.LengthUnit ?? LengthRange.UnitOf(schema.Language);
        return new(names, [.. lengths.Select(l => l.Range)], unit, Cells(rows, [.. lengths.Select(l => l.Share)]));
    }

    static IReadOnlyList<double> ClassShares(GenerateSettings settings, string[] names)
    {
        var given = settings.ClassShares;
        if (given.Count == 0) return [.. names.Select(_ => 1.0)];
        foreach (var name in given.Keys.Except(names))
            throw new UserErrorException($"class_shares: the schema has no intent \"{name}\"{EditDistance.Hint(name, names)}");
        foreach (var name in names.Except(given.Keys))
            throw new UserErrorException($"class_shares: there is no share of \"{name}\"; give one, or 0 to leave the intent out");
        if (given.Values.Any(share => share < 0) || given.Values.Sum() <= 0)
            throw new UserErrorException("class_shares: shares are numbers from 0, and one of them is above 0");
        return [.. names.Select(name => given[name])];
    }

    /// <summary>Divides each intent's rows by length; what rounding owes a length is carried on to the next intent.</summary>
    /// <remarks>So the whole set has the wanted shares also when an intent has few rows.</remarks>
    static int[][] Cells(int[] rows, double[] shares)
    {
        var owed = new double[shares.Length];
        return [.. rows.Select(count =>
        {
            for (var l = 0; l < shares.Length; l++) owed[l] += shares[l] / shares.Sum() * count;
            var cells = Apportionment.Of([.. owed.Select(rest => Math.Max(rest, 0))], count);
            for (var l = 0; l < shares.Length; l++) owed[l] -= cells[l];
            return cells;
        })];
    }
}
