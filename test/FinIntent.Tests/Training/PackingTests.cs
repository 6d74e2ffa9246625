using FinIntent.Data.Tokens;
using FinIntent.Text;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

[Collection(TorchRandomCollection.Name)]
public sealed class PackingTests
{
    static MemoryRows Rows(params int[] lengths) => new([.. lengths.Select(n => new TokenRow(new int[n], new int[n]))]);

    // LLaMA-Factory's greedy_knapsack: the longest that fits first.
    [Fact]
    public void The_longest_row_that_fits_is_taken_until_none_does()
    {
        int[] lengths = [5, 1, 4, 3, 2, 9];
        var packs = Packing.Pack(Rows(lengths), 8);

        Assert.Equal([[5, 3], [4, 2, 1]], packs.Select(pack => pack.Select(row => lengths[row])));
    }

    [Fact]
    public void Packs_never_span_a_thousand_rows_and_every_row_is_in_one()
    {
        var packs = Packing.Pack(Rows([.. Enumerable.Range(0, 2500).Select(i => i % 7 + 1)]), 20);

        Assert.Equal(Enumerable.Range(0, 2500), packs.SelectMany(pack => pack).Order());
        Assert.All(packs, pack => Assert.Single(pack.Select(row => row / 1000).Distinct()));
    }

    [Fact]
    public void A_pack_counts_as_one_row_of_a_batch()
    {
        var input = new TrainingSet(Rows(3, 1, 2)) { Packs = [[0, 2], [1]] };

        Assert.Equal(2, input.Count);
        Assert.Equal([3, 2], input.Read([0]).Select(row => row.InputIds.Length));
        Assert.Equal([1, 0, 2], input.RowsOf([1, 0]));
    }
}
