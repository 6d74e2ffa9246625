using static System.FormattableString;

namespace FinIntent.Jobs.Checks;

/// <summary>Writes numbers as a check tells them.</summary>
static class Amounts
{
    public static string Bytes(long bytes) => bytes switch
    {
        < 1_000_000 => Invariant($"{bytes / 1e3:0} kB"),
        < 1_000_000_000 => Invariant($"{bytes / 1e6:0} MB"),
        _ => Invariant($"{bytes / 1e9:0.0} GB"),
    };

    public static string Count(double number) => number switch
    {
        < 1_000_000 => Invariant($"{number:N0}"),
        < 1_000_000_000 => Invariant($"{number / 1e6:0.0} million"),
        _ => Invariant($"{number / 1e9:0.0} billion"),
    };

    public static string Rows(long count) => count == 1 ? "1 row" : Invariant($"{count:N0} rows");
}
