using FinIntent.Authoring;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class LedgerTests
{
    [Fact]
    public async Task However_requests_run_beside_each_other_the_limit_holds_and_the_same_ones_are_sent()
    {
        var stop = TestContext.Current.CancellationToken;
        int? first = null;
        foreach (var seed in Enumerable.Range(0, 20))
        {
            var ledger = new Ledger(new(Cost: 10));
            var (random, sent, spent) = (new Random(seed), 0, 0m);
            List<Task> tasks = [];
            while (await ledger.Reserve(new(1, 1, 1), default, stop) is null)
            {
                var wait = random.Next(3);
                var taken = new Amount(0.1m + sent++ % 5 * 0.2m, 1, 1);
                tasks.Add(Task.Run(async () =>
                {
                    await Task.Delay(wait, stop);
                    ledger.Settle(new(1, 1, 1), taken);
                    Assert.InRange(ledger.Spent.Cost, 0, 10);
                }, stop));
                spent += taken.Cost;
            }
            await Task.WhenAll(tasks);

            Assert.Equal(spent, ledger.Spent.Cost);
            Assert.InRange(spent, 9.001m, 10);
            Assert.Equal(first ??= sent, sent);
        }
    }

    [Fact]
    public async Task What_must_be_kept_is_not_spent_and_a_failed_attempt_counts()
    {
        var stop = TestContext.Current.CancellationToken;
        var ledger = new Ledger(new(Cost: 3, Requests: 5));
        var one = new Amount(1, 10, 1);

        Assert.Equal("budget (3)", await ledger.Reserve(one, new(2.5m, 0, 0), stop));
        Assert.Null(await ledger.Reserve(one, new(2, 0, 0), stop));
        Assert.Null(ledger.ReserveAgain(one));
        Assert.Null(ledger.ReserveAgain(one));
        Assert.Equal("budget (3)", ledger.ReserveAgain(one));
        Assert.Equal(new Amount(3, 30, 3), ledger.Spent);
    }

    [Theory]
    [InlineData(new[] { 1.0, 1, 1 }, 10, new[] { 4, 3, 3 })]
    [InlineData(new[] { 0.3, 0.5, 0.2 }, 10, new[] { 3, 5, 2 })]
    [InlineData(new[] { 110.0, 120, 85, 105, 80 }, 500, new[] { 110, 120, 85, 105, 80 })]
    [InlineData(new[] { 0.0, 1 }, 3, new[] { 0, 3 })]
    [InlineData(new[] { 0.0, 0 }, 3, new[] { 0, 0 })]
    public void Shares_become_whole_numbers_by_the_largest_remainders(double[] shares, int total, int[] expected) =>
        Assert.Equal(expected, Apportionment.Of(shares, total));
}
