using FinIntent.Curation;
using Xunit;

namespace FinIntent.Tests.Curation;

public sealed class RowSplitTests
{
    [Fact]
    public void Each_class_is_divided_alike()
    {
        string[] classes = [.. Enumerable.Repeat("a", 50), .. Enumerable.Repeat("b", 20), .. Enumerable.Repeat("c", 4), "d"];

        var parts = RowSplit.Of([.. Enumerable.Range(0, classes.Length)], classes, 0.1, 0.2, seed: 1);

        int Count(string name, SplitPart part) => classes.Zip(parts).Count(row => row == (name, part));
        Assert.Equal((5, 10, 35), (Count("a", SplitPart.Val), Count("a", SplitPart.Eval), Count("a", SplitPart.Train)));
        Assert.Equal((2, 4, 14), (Count("b", SplitPart.Val), Count("b", SplitPart.Eval), Count("b", SplitPart.Train)));
        Assert.Equal((1, 1, 2), (Count("c", SplitPart.Val), Count("c", SplitPart.Eval), Count("c", SplitPart.Train)));
        Assert.Equal(1, Count("d", SplitPart.Train));
    }

    [Fact]
    public void A_group_stays_on_one_side()
    {
        int[] groups = [.. Enumerable.Range(0, 300).Select(i => i / 3)];
        string[] classes = [.. groups.Select(g => g % 2 == 0 ? "even" : "odd")];

        var parts = RowSplit.Of(groups, classes, 0.2, 0.2, seed: 7);

        Assert.All(groups.Zip(parts).GroupBy(row => row.First), group => Assert.Single(group.Select(row => row.Second).Distinct()));
        // 30 of each class's 150 rows are ten groups of three.
        Assert.Equal(60, parts.Count(part => part == SplitPart.Val));
        Assert.Equal(60, parts.Count(part => part == SplitPart.Eval));
    }

    [Fact]
    public void The_seed_decides()
    {
        int[] rows = [.. Enumerable.Range(0, 100)];
        string[] classes = [.. rows.Select(i => $"{i % 4}")];
        SplitPart[] Of(int seed) => RowSplit.Of(rows, classes, 0.1, 0.1, seed);

        Assert.Equal(Of(3), Of(3));
        Assert.NotEqual(Of(3), Of(4));
    }

    [Fact]
    public void A_share_of_nothing_takes_nothing() =>
        Assert.DoesNotContain(SplitPart.Val, RowSplit.Of([0, 1, 2, 3], ["a", "a", "a", "a"], 0, 0.5, 1));
}
