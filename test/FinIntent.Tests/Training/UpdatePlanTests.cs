using FinIntent.Settings;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

public sealed class UpdatePlanTests
{
    static TrainSettings Settings(int batch, int accumulation, double epochs) =>
        new() { PerDeviceTrainBatchSize = batch, GradientAccumulationSteps = accumulation, NumTrainEpochs = epochs };

    // models.md, trainer arithmetic: ceil(ceil(rows / batch) / accumulation), ceil(epochs · that), ceil(total · ratio).
    [Theory]
    [InlineData(450, 1, 8, 3.0, 57, 171)]
    [InlineData(10, 4, 2, 1.0, 2, 2)]
    [InlineData(10, 3, 1, 2.5, 4, 10)]
    [InlineData(1, 8, 8, 3.0, 1, 3)]
    public void Updates_are_counted_as_transformers_does(int rows, int batch, int accumulation, double epochs, int perEpoch, int total)
    {
        var plan = new UpdatePlan(rows, Settings(batch, accumulation, epochs));

        Assert.Equal((perEpoch, total), (plan.UpdatesPerEpoch, plan.TotalSteps));
        Assert.Equal(Math.Ceiling(0.1 * total),
            new UpdatePlan(rows, Settings(batch, accumulation, epochs) with { WarmupRatio = 0.1 }).WarmupSteps);
        Assert.Equal(perEpoch == 0 ? 0 : 1.0, plan.EpochAfter(perEpoch));
    }

    [Fact]
    public void Each_epoch_sees_every_row_once_in_an_order_of_its_own()
    {
        var plan = new UpdatePlan(11, Settings(2, 2, 2));

        var epochs = Enumerable.Range(0, 2).Select(e => Enumerable.Range(e * 3, 3).SelectMany(u => plan.RowsOf(u).ToArray())
            .ToArray()).ToArray();

        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 11), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.Equal([4, 4, 3], Enumerable.Range(0, 3).Select(u => plan.RowsOf(u).Length));
    }

    [Fact]
    public void The_order_depends_on_the_seed_and_can_be_that_of_the_file()
    {
        var settings = Settings(11, 1, 1);

        Assert.Equal(new UpdatePlan(11, settings).RowsOf(0), new UpdatePlan(11, settings).RowsOf(0));
        Assert.NotEqual(new UpdatePlan(11, settings).RowsOf(0).ToArray(), new UpdatePlan(11, settings with { DataSeed = 7 }).RowsOf(0)
            .ToArray());
        Assert.Equal(Enumerable.Range(0, 11), new UpdatePlan(11, settings with { DisableShuffling = true }).RowsOf(0).ToArray());
    }

    [Fact]
    public void A_permutation_is_uniform()
    {
        var counts = new int[4, 4];
        for (var seed = 0; seed < 4000; seed++)
            foreach (var (place, row) in RowOrder.Permutation(4, seed, 0).Index()) counts[place, row]++;

        // Binomial(4000, ¼) has a standard deviation of 27: six of them.
        foreach (var count in counts) Assert.InRange(count, 1000 - 164, 1000 + 164);
    }

    [Fact]
    public void Drop_last_leaves_the_short_batch_out()
    {
        var plan = new UpdatePlan(11, Settings(4, 1, 1) with { DataloaderDropLast = true });

        Assert.Equal(2, plan.UpdatesPerEpoch);
        Assert.Equal(4, plan.RowsOf(1).Length);
    }

    [Fact]
    public void Intervals_below_one_are_shares_of_all_updates()
    {
        var plan = new UpdatePlan(100, Settings(1, 1, 1));

        Assert.Equal((7, 25, 1), (plan.Interval(7), plan.Interval(0.25), plan.Interval(0.001)));
    }

    [Fact]
    public void Numbers_that_nobody_could_run_are_refused_by_their_keys()
    {
        Assert.StartsWith("per_device_train_batch_size 2147483647 times gradient_accumulation_steps 8 is more than",
            Error(Settings(int.MaxValue, 8, 1)));
        Assert.StartsWith("max_steps: 2147483647 is more than", Error(Settings(1, 1, 1) with { MaxSteps = int.MaxValue }));
        Assert.StartsWith("num_train_epochs: 1E+30 epochs of 3 updates are more than", Error(Settings(1, 1, 1e30)));

        static string Error(TrainSettings settings) => Assert.Throws<UserErrorException>(() => new UpdatePlan(3, settings)).Message;
    }

    [Fact]
    public void Having_no_rows_is_an_error() => Assert.Throws<UserErrorException>(() => new UpdatePlan(0, new()));
}
