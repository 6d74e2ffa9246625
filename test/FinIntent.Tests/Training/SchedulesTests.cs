using FinIntent.Settings;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

public sealed class SchedulesTests
{
    // Formulas of transformers 5.17 src/transformers/optimization.py, evaluated by hand at 10 updates, 2 of them warm-up.
    [Theory]
    [InlineData(nameof(SchedulerType.Linear), 0, 0.0)]
    [InlineData(nameof(SchedulerType.Linear), 1, 0.5)]
    [InlineData(nameof(SchedulerType.Linear), 2, 1.0)]
    [InlineData(nameof(SchedulerType.Linear), 9, 0.125)]
    [InlineData(nameof(SchedulerType.Cosine), 1, 0.5)]
    [InlineData(nameof(SchedulerType.Cosine), 6, 0.5)]
    [InlineData(nameof(SchedulerType.Cosine), 9, 0.038060233744356631)] // ½(1 + cos(π·7/8))
    [InlineData(nameof(SchedulerType.CosineWithRestarts), 2, 1.0)]
    [InlineData(nameof(SchedulerType.CosineWithRestarts), 6, 0.5)]
    [InlineData(nameof(SchedulerType.CosineWithRestarts), 10, 0.0)]
    [InlineData(nameof(SchedulerType.Constant), 0, 1.0)]
    [InlineData(nameof(SchedulerType.ConstantWithWarmup), 1, 0.5)]
    [InlineData(nameof(SchedulerType.ConstantWithWarmup), 9, 1.0)]
    [InlineData(nameof(SchedulerType.InverseSqrt), 1, 0.5)]
    [InlineData(nameof(SchedulerType.InverseSqrt), 8, 0.5)] // timescale 2: 1/√(8/2)
    [InlineData(nameof(SchedulerType.Polynomial), 6, 0.501)] // (1 − 0.002)·½ + 0.002 with lr_end = 1e-7, learning rate 5e-5
    public void Rates_are_transformers(string type, int update, double expected) =>
        Assert.Equal(expected, Schedules.Create(new() { LrSchedulerType = Enum.Parse<SchedulerType>(type) }, 10, 2)(update), 12);

    [Fact]
    public void Arguments_are_obeyed()
    {
        Assert.Equal(0.5, Rate(SchedulerType.CosineWithRestarts, 4, ("num_cycles", 2.0)), 12); // a quarter of the way, half a wave down
        Assert.Equal(1.0, Rate(SchedulerType.CosineWithRestarts, 6, ("num_cycles", 2.0)), 12);
        Assert.Equal(0.25 * (1 - 0.002) + 0.002, Rate(SchedulerType.Polynomial, 6, ("power", 2.0)), 12);
        Assert.Equal(0.5, Rate(SchedulerType.InverseSqrt, 32, ("timescale", 10.0)), 12);
    }

    [Fact]
    public void An_unknown_argument_is_named()
    {
        var error = Assert.Throws<UserErrorException>(() => Rate(SchedulerType.Cosine, 1, ("power", 2.0)));

        Assert.Equal("lr_scheduler_kwargs: Cosine has no \"power\"; it takes num_cycles", error.Message);
    }

    static double Rate(SchedulerType type, int update, params (string Key, double Value)[] arguments) => Schedules.Create(
        new() { LrSchedulerType = type, LrSchedulerKwargs = arguments.ToDictionary(a => a.Key, a => a.Value) }, 10, 2)(update);
}
