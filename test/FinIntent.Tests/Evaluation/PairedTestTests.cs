using System.Text.Json;
using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

/// <summary>Against statsmodels, and against sums of integers: test/fixtures/evaluation/make_pairs.py wrote the values.</summary>
public sealed class PairedTestTests
{
    const double Tolerance = 1e-9;

    static readonly JsonElement All = JsonSerializer.Deserialize<JsonElement>(
        File.ReadAllText(Reference.Path("fixtures/evaluation/pairs.json")));

    [Fact]
    public void Exact_McNemar_is_the_references_up_to_a_million_discordant_questions()
    {
        foreach (var expected in All.GetProperty("mcnemar").EnumerateArray())
        {
            var (fixedCount, broken) = (expected.GetProperty("fixed").GetInt32(), expected.GetProperty("broken").GetInt32());
            var (p, exact) = (McNemar.ExactP(fixedCount, broken), expected.GetProperty("exact").GetDouble());

            Assert.Equal(expected.GetProperty("p").GetDouble(), p, Tolerance);
            // Relative to p, too, however small; below 1e-300 doubles themselves lose digits.
            if (exact > 1e-300) Assert.True(Math.Abs(p / exact - 1) < Tolerance, $"{fixedCount}, {broken}: {p} is not {exact}");
        }
    }

    [Fact]
    public void Exact_McNemar_does_not_depend_on_the_order_and_is_a_probability_at_every_size()
    {
        foreach (var n in new[] { 0, 1, 2, 3, 10, 101, 1_000_000, int.MaxValue })
        {
            Assert.Equal(McNemar.ExactP(n, n / 3), McNemar.ExactP(n / 3, n));
            Assert.InRange(McNemar.ExactP(n, 0), 0, 1);
            Assert.Equal(1, McNemar.ExactP(n, n));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => McNemar.ExactP(-1, 2));
    }

    [Fact]
    public void Holm_is_the_references()
    {
        foreach (var family in All.GetProperty("holm").EnumerateArray())
            Assert.Equal(family.GetProperty("holm").Deserialize<double[]>()!, Holm.Adjust(family.GetProperty("p").Deserialize<double[]>()!),
                (a, b) => Math.Abs(a - b) < Tolerance);
    }
}
