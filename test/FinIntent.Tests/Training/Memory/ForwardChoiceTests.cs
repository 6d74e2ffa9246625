using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Text;
using FinIntent.Training;
using FinIntent.Training.Memory;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Training.Memory;

public sealed class ForwardChoiceTests
{
    static readonly RowLengths Seed = new(450, 140, 125, 9, 0.016);

    static ForwardChoice Choose(double gigabytes, RowLengths rows, int rowsPerUpdate = 8, bool mayRecompute = true, int? fixedTokens = null)
    {
        var config = KnownModels.Find("qwen2.5-7b-instruct")!.Value;
        using var model = ModelFamily.Of(config).Create(config, Placement.Meta);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);
        var trainable = new Trainable(adapters.Parameters, _ => { }) { SetTraining = adapters.SetTraining, IsBaseFrozen = true };
        var speed = TrainingSpeed.Of(model, trainable, GpuModel.Known.Single(gpu => gpu.Key == "h100"));
        return ForwardChoice.Of(new(model, trainable, DeviceType.CUDA), speed, rows,
            new((long)(gigabytes * 1e9), rowsPerUpdate, mayRecompute, fixedTokens, IsCpu: false));
    }

    [Fact]
    public void An_update_that_fits_goes_through_in_one_forward_with_its_layers_kept()
    {
        var choice = Choose(60, Seed);

        Assert.Equal((true, false, "an update goes through in one forward"), (choice.Fits, choice.Plan.Recomputes, choice.Reason));
        Assert.InRange(choice.Tokens, 1000, 1100);
        Assert.InRange(choice.Plan.MaxTokens, 10_000, 20_000);
    }

    [Fact]
    public void Layers_are_computed_again_where_they_would_leave_little_room()
    {
        var choice = Choose(1.5, Seed, rowsPerUpdate: 64);

        Assert.True(choice.Plan.Recomputes);
        Assert.InRange(choice.Plan.MaxTokens, 2000, 4000);
        Assert.Matches(@"^kept, a forward would have \d+ tokens, which is slower$", choice.Reason);
    }

    [Fact]
    public void With_room_for_forwards_of_some_length_they_are_not()
    {
        var choice = Choose(7, Seed, rowsPerUpdate: 64);

        Assert.False(choice.Plan.Recomputes);
        Assert.InRange(choice.Plan.MaxTokens, 1500, 2500);
        Assert.Equal("their activations fit", choice.Reason);
    }

    [Fact]
    public void A_long_row_that_does_not_fit_otherwise_has_its_layers_computed_again()
    {
        var choice = Choose(2, Seed with { Longest = 2048 });

        Assert.Equal((true, true), (choice.Fits, choice.Plan.Recomputes));
        Assert.Equal("kept, the activations of a row of 2,048 tokens would not fit", choice.Reason);
        Assert.False(Choose(2, Seed with { Longest = 2048 }, mayRecompute: false).Fits);
    }

    [Fact]
    public void A_fixed_budget_is_kept_and_only_the_layers_are_chosen()
    {
        Assert.Equal(new ForwardPlan(1000, false), Choose(60, Seed, fixedTokens: 1000).Plan);
        Assert.Equal(new ForwardPlan(1000, true), Choose(1.5, Seed, fixedTokens: 1000).Plan);
        Assert.False(Choose(0.2, Seed, fixedTokens: 1000).Fits);
    }

    [Fact]
    public void The_chosen_forward_fits_and_one_step_more_would_not()
    {
        foreach (var gigabytes in (double[])[1, 2, 4, 8, 16, 32])
        {
            var choice = Choose(gigabytes, Seed, rowsPerUpdate: 2000);

            Assert.True(choice.ActivationBytes <= gigabytes * 1e9);
            Assert.True(choice.ActivationBytes > gigabytes * 1e9 * 0.8, $"{gigabytes}: {choice}");
        }
    }

    [Fact]
    public void Of_many_rows_the_largest_update_is_guessed_from_their_spread()
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, 1000).Select(_ => random.Next(110, 141))
            .Select(n => new TokenRow(new int[n], [.. Enumerable.Repeat(-100, n - 2), 1, 1])).ToList();

        var lengths = RowLengths.Of(new TrainingSet(new MemoryRows(rows)));
        var updates = rows.Chunk(8).Select(update => update.Sum(row => row.InputIds.Length)).ToList();

        Assert.Equal((1000, 140), (lengths.Count, lengths.Longest));
        Assert.Equal(rows.Average(row => row.InputIds.Length), lengths.Mean, 1e-9);
        Assert.Equal(2000.0 / rows.Sum(row => row.InputIds.Length), lengths.LabelShare, 1e-9);
        Assert.InRange(updates.Count(tokens => tokens > lengths.LargestUpdate(8)) / (double)updates.Count, 0, 0.05);
        Assert.Equal(60, lengths.CutAt(60).Longest);
    }
}
