using FinIntent.Data.Tokens;
using FinIntent.Models;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Tokens;

public sealed class RowStoreTests
{
    [Fact]
    public void Rows_come_back_as_they_were_also_from_many_threads_and_while_adding()
    {
        var random = new Random(7);
        var rows = Enumerable.Range(0, 3000).Select(i => Row(random, i % 100 == 0 ? 100_000 : random.Next(1, 80), i % 3)).ToArray();
        using var store = new RowStore();
        for (var i = 0; i < rows.Length; i++)
        {
            store.Add(rows[i]);
            if (i % 500 == 0) AssertSame(rows[i], store.Read(i));
        }

        Parallel.For(0, rows.Length, i => AssertSame(rows[i], store.Read(i)));

        Assert.Equal(rows.Length, store.Count);
        Assert.Equal(rows.Sum(r => (long)r.InputIds.Length), store.Totals.TokenCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(rows.Length));
    }

    [Fact]
    public void Nothing_is_left_in_the_folder()
    {
        using var folder = new TemporaryFolder();
        using (var store = new RowStore(folder.Path))
        {
            store.Add(new([1, 2], [-100, 2]));
            if (!OperatingSystem.IsWindows()) Assert.Empty(Directory.GetFiles(folder.Path));
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Rows_and_batches_mean_the_same_label_by_nothing_to_learn() => Assert.Equal(TokenBatch.IgnoredLabel, TokenRow.IgnoredLabel);

    /// <param name="kind">0: a prompt and an answer; 1: labels of their own; 2: nothing is learnt.</param>
    static TokenRow Row(Random random, int length, int kind)
    {
        var ids = Enumerable.Range(0, length).Select(_ => random.Next(100_000)).ToArray();
        var ignored = kind == 2 ? length : random.Next(length);
        return new(ids, [.. ids.Select((id, t) => t < ignored ? TokenRow.IgnoredLabel : kind == 1 ? id + 1 : id)]);
    }

    static void AssertSame(TokenRow expected, TokenRow actual)
    {
        Assert.Equal(expected.InputIds, actual.InputIds);
        Assert.Equal(expected.Labels, actual.Labels);
    }
}
