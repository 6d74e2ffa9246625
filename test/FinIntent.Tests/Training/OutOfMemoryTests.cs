using System.Runtime.InteropServices;
using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Text;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Training;

/// <summary>Running out of memory, played by a limit on the tokens of a forward that throws what libtorch throws.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class OutOfMemoryTests
{
    readonly List<string> _told = [];

    /// <summary>Throws libtorch's own exception: no machine has a petabyte.</summary>
    static void Exhaust() => empty([1L << 50], dtype: ScalarType.Byte).Dispose();

    static Action<TokenBatch> Limit(int tokens) => batch =>
    {
        if (batch.TokenCount > tokens) Exhaust();
    };

    ReportList Run(Action<TokenBatch>? before, double dropout = 0, bool isBaseFrozen = true, bool mayRecompute = true,
        bool evaluates = false)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, dropout, false, ["all"]), seed: 5);
        var reports = new ReportList();
        var trainable = new Trainable(adapters.Parameters, _ => { }) { SetTraining = adapters.SetTraining, IsBaseFrozen = isBaseFrozen };
        var options = fixture.TrainingOptions() with
        {
            Memory = new()
            {
                Before = before,
                First = new(100_000),
                MayRecompute = mayRecompute,
                Tell = _told.Add,
                Remedy = tokens =>
                $"cut at {tokens - 1}"
            },
            Evaluation = new()
            {
                EvalStrategy = evaluates ? EvaluationStrategy.Steps : EvaluationStrategy.No,
                EvalSteps = 4,
                ComputeAccuracy = true
            },
        };
        new Trainer(model, trainable, options, new(fixture.Rows(), evaluates ? fixture.Rows() : null), null, reports)
            .Run(TestContext.Current.CancellationToken);
        return reports;
    }

    [Fact]
    public void Libtorch_and_operators_called_by_name_say_so_in_a_way_that_is_known()
    {
        var thrown = Assert.ThrowsAny<Exception>(Exhaust);

        Assert.IsType<ExternalException>(thrown);
        Assert.True(DeviceMemory.IsExhausted(thrown));
        Assert.True(DeviceMemory.IsExhausted(new ExternalException("CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total " +
            "capacity of 79.19 GiB")));
        Assert.True(DeviceMemory.IsExhausted(new OutOfDeviceMemoryException("the operator failed")));
        Assert.False(DeviceMemory.IsExhausted(new ExternalException("The size of tensor a (3) must match the size of tensor b (4)")));
        Assert.False(DeviceMemory.IsExhausted(new OutOfMemoryException()));
    }

    [Theory]
    [InlineData(true, 64)]
    [InlineData(true, 40)]
    [InlineData(false, 50)]
    public void A_step_that_ran_out_of_memory_is_made_again_in_smaller_forwards(bool isBaseFrozen, int limit)
    {
        var undisturbed = Run(null, isBaseFrozen: isBaseFrozen);
        Assert.Empty(_told);

        var disturbed = Run(Limit(limit), isBaseFrozen: isBaseFrozen);

        Assert.Equal(undisturbed.Count, disturbed.Count);
        Assert.All(undisturbed.Zip(disturbed), pair =>
            Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 1e-6 * pair.First.Loss!.Value));
        Assert.All(undisturbed.Zip(disturbed), pair =>
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-5 * pair.First.GradientNorm));
        Assert.NotEmpty(_told);
        Assert.Equal(_told.Count, _told.Distinct().Count());
        Assert.StartsWith("step 1 ran out of memory and is made again; from here on ", _told[0]);
        Assert.EndsWith(isBaseFrozen ? "layers recomputed" : "layers kept", _told[^1]);
    }

    [Fact]
    public void Running_out_in_the_middle_of_a_run_loses_nothing_of_it()
    {
        var undisturbed = Run(null);
        var batches = 0;

        // Of the fifth update's forwards the second fails: the first has added its gradients already.
        var disturbed = Run(_ =>
        {
            if (++batches == 5) Exhaust();
        });

        Assert.Equal("step 5", _told.Single()[..6]);
        Assert.Equal(undisturbed.Take(4).Select(r => r.Loss), disturbed.Take(4).Select(r => r.Loss));
        Assert.All(undisturbed.Zip(disturbed), pair =>
            Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 1e-6 * pair.First.Loss!.Value));
    }

    [Fact]
    public void A_failed_forward_leaves_no_gradient_behind()
    {
        var whole = Run(null);
        var seen = 0;

        // The first failure cuts the step in two; then the second half fails, with the gradients of the first in place.
        var disturbed = Run(_ =>
        {
            if (++seen is 1 or 3) Exhaust();
        });

        Assert.Equal(2, _told.Count);
        Assert.All(whole.Zip(disturbed), pair =>
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-5 * pair.First.GradientNorm));
    }

    [Fact]
    public void With_dropout_the_step_made_again_is_seeded_as_the_first_try_was()
    {
        var once = Run(Limit(40), dropout: 0.3);
        var told = _told.Count;
        var again = Run(Limit(40), dropout: 0.3);

        Assert.Equal(once.Select(r => r.Loss), again.Select(r => r.Loss));
        Assert.Equal(2 * told, _told.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void When_not_even_one_row_fits_the_run_ends_with_what_would(bool mayRecompute)
    {
        var error = Assert.Throws<UserErrorException>(() => Run(Limit(3), mayRecompute: mayRecompute));

        Assert.Matches(
            $@"^step 1: there is no memory for a row of \d+ tokens alone, layers {(mayRecompute ? "recomputed" : "kept")}; cut at \d+$",
            error.Message);
        Assert.All(_told, line => Assert.Equal(mayRecompute, line.EndsWith("recomputed", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_evaluation_that_runs_out_of_memory_goes_on_in_smaller_forwards()
    {
        var undisturbed = Run(null, evaluates: true).Where(r => r.Evaluation is not null).Select(r => r.Evaluation!).ToList();
        var disturbed = Run(Limit(40), evaluates: true).Where(r => r.Evaluation is not null).Select(r => r.Evaluation!).ToList();

        Assert.All(undisturbed.Zip(disturbed), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6 * pair.First.Loss));
        Assert.All(undisturbed.Zip(disturbed), pair => Assert.Equal(pair.First.Accuracy, pair.Second.Accuracy));
    }

    [Fact]
    public void Another_error_is_no_reason_to_try_again()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(_ => throw new InvalidOperationException("broken")));

        Assert.Equal("broken", error.Message);
        Assert.Empty(_told);
    }

    [Theory]
    [InlineData(100_000, false, 4, 4000, 8000, false)] // four rows of 4,000: half of what was tried
    [InlineData(16_000, false, 4, 4000, 8000, false)]
    [InlineData(4_000, false, 4, 500, 1000, true)]     // half would be little: the layers go too
    [InlineData(8_000, true, 4, 1000, 2000, true)]
    [InlineData(1_000, false, 4, 4000, 4000, true)]    // single rows: only the layers are left to go
    public void What_is_tried_next(int maxTokens, bool recomputes, int rows, int length, int expectedTokens, bool expectedRecomputes)
    {
        var batch = Enumerable.Range(0, rows).Select(_ => new TokenRow(new int[length], new int[length])).ToArray();

        Assert.Equal(new ForwardPlan(expectedTokens, expectedRecomputes), new ForwardPlan(maxTokens, recomputes)
            .Smaller(batch, mayRecompute: true));
    }

    [Fact]
    public void Tensors_of_a_failed_step_are_freed()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0, false, ["all"]), seed: 5);
        var live = new List<long>();
        var watch = new Watch(() => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        var count = 0;
        var options = fixture.TrainingOptions() with
        {
            Memory = new()
            {
                First = new(1 << 20),
                Before = batch =>
                {
                    if (++count == 4) Exhaust();
                },
            },
        };

        new Trainer(model, new(adapters.Parameters, _ => { }) { SetTraining = adapters.SetTraining, IsBaseFrozen = true }, options,
            new(fixture.Rows()), null, watch).Run(TestContext.Current.CancellationToken);

        Assert.All(live[2..], n => Assert.Equal(live[2], n));
    }

    sealed class Watch(Action look) : IProgress<StepReport>
    {
        public void Report(StepReport report) => look();
    }
}
