using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Text;

namespace FinIntent.Jobs.Bench;

/// <summary>Makes rows of 110 to 140 random tokens, of which the last two are labels (a letter and the end of the answer).</summary>
static class BenchRows
{
    const int Shortest = 110, Longest = 140;

    /// <summary>The greatest length of a beginning that all rows share.</summary>
    public const int LongestPrefix = Shortest - 2;

    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <param name="prefix">Tokens that all rows begin with alike.</param>
    /// <param name="file">The file for the rows, so that another program can be given the same; null writes none.</param>
    public static TokenRow[] Create(int count, int vocabulary, int prefix, string? file)
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, count).Select(_ => Row(random, vocabulary)).ToArray();
        foreach (var row in rows) rows[0].InputIds.AsSpan(0, prefix).CopyTo(row.InputIds);
        if (file is not null) AtomicFile.WriteText(file, JsonSerializer.Serialize(rows, Json));
        return rows;
    }

    static TokenRow Row(Random random, int vocabulary)
    {
        var ids = new int[random.Next(Shortest, Longest + 1)];
        for (var t = 0; t < ids.Length; t++) ids[t] = random.Next(vocabulary);
        return new(ids, [.. Enumerable.Repeat(TokenRow.IgnoredLabel, ids.Length - 2), .. ids[^2..]]);
    }
}
