using FinIntent.Data.Rows;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

public sealed class OrderedParallelTests
{
    [Fact]
    public void Results_come_in_the_order_of_the_items()
    {
        List<int> taken = [];

        OrderedParallel.Run(Enumerable.Range(0, 5000), i => { Thread.SpinWait(i % 7 * 100); return i; }, taken.Add);

        Assert.Equal(Enumerable.Range(0, 5000), taken);
    }

    [Fact]
    public void Reading_does_not_run_far_ahead_of_taking()
    {
        int read = 0, taken = 0, furthest = 0;

        OrderedParallel.Run(
            Enumerable.Range(0, 20_000).Select(i => { read++; return i; }),
            i => i,
            _ => furthest = Math.Max(furthest, read - taken++));

        Assert.InRange(furthest, 1, 256 * (Environment.ProcessorCount + 3));
    }

    [Fact]
    public void The_first_error_ends_the_work() =>
        Assert.Equal("300", Assert.Throws<UserErrorException>(() => OrderedParallel.Run(
            Enumerable.Range(0, 5000), i => i >= 300 ? throw new UserErrorException($"{i}") : i, _ => { })).Message);
}
