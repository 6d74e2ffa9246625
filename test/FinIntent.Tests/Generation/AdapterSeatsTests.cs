using FinIntent.Generation;
using FinIntent.Kernels;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>The way of a GPU, by plain operators on a CPU.</summary>
public sealed class AdapterSeatsTests() : AdapterSeatsContract(DeviceType.CPU);

[Trait("tier", "gpu")]
public sealed class GpuAdapterSeatsTests() : AdapterSeatsContract(DeviceType.CUDA)
{
    /// <summary>With the kernels and the grouped product: the embedded model's sides are multiples of theirs.</summary>
    [Theory]
    [InlineData("BFloat16", 2e-2)]
    [InlineData("Float16", 4e-3)]
    [InlineData("Float32", 1e-4)]
    public void Questions_of_many_adapters_score_as_with_each_on_the_model(string type, double tolerance)
    {
        Tier.NeedsGpu();
        using var chat = ChatModel.Load(
            new(ManyAdaptersTests.Embedded, []) { Template = "default", Type = Enum.Parse<ScalarType>(type) }, CUDA);
        using var folders = new RandomAdapters(chat.Model, 6, 0.02);
        var questions = ManyAdaptersTests.EmbeddedQuestions(chat, 14);
        var adapters = folders.Load(chat.Model);
        using var kept = new KeptBeginnings(chat.Model, 1 << 30);
        foreach (var adapter in adapters.Prepend(null)) kept.Add(adapter, questions[0].Prompt[..20]);
        List<OptionQuestion> asked = [.. questions.Select((q, i) => q with { Adapter = i % 7 == 6 ? null : adapters[i % 7] })];
        var expected = asked.Select((q, i) =>
        {
            using var on = q.Adapter is null ? null : LoraAdapters.Load(chat.Model, folders.Folders[i % 7]);
            return new OptionScorer(chat.Model).Read([q with { Adapter = null }])[0];
        }).ToList();

        foreach (var scorer in (OptionScorer[])[new(chat.Model), new(chat.Model, kept: kept), new(chat.Model, kept: kept)])
            foreach (var (one, other) in expected.Zip(scorer.Read(asked)))
                Assert.Equal(one.Probabilities, other.Probabilities, (a, b) => Math.Abs(a - b) < tolerance);
        foreach (var adapter in adapters) adapter.Dispose();
    }

    [Fact]
    public void The_grouped_product_is_that_of_each_stretch()
    {
        Tier.NeedsGpu();
        using var scope = NewDisposeScope();
        Tensor x = randn(300, 512, device: CUDA).to(ScalarType.BFloat16), factors = randn(5, 24, 512, device: CUDA).to(ScalarType.BFloat16);
        int[] ends = [100, 100, 101, 180, 300]; // the second has no rows
        if (!GroupedProduct.Takes(x, factors)) return; // neither Hopper nor Blackwell

        var actual = GroupedProduct.Of(x, factors, tensor(ends, dtype: ScalarType.Int32, device: CUDA));

        for (var (g, from) = (0, 0); g < ends.Length; from = ends[g++])
            if (ends[g] > from)
                TensorAssert.Close(nn.functional.linear(x[from..ends[g]], factors[g]), actual[from..ends[g]], 1, $"stretch {g}");
    }
}

/// <summary>Adapters that need a seat on the device before rows may use them.</summary>
public abstract class AdapterSeatsContract(DeviceType device)
{
    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Rows_of_several_adapters_are_each_as_with_its_adapter_on_the_model(string family)
    {
        using var fixture = ParityFixture.Open(family, device);
        using var model = fixture.Model();
        model.AdapterRoom.IsUsed = true;
        using var folders = new RandomAdapters(model, 4);
        var questions = ManyAdaptersTests.Questions(fixture);
        var expected = folders.Folders.Select(folder => ManyAdaptersTests.With(model, folder, questions)).ToList();
        var adapters = folders.Load(model);
        var (scorer, room) = (new OptionScorer(model), model.AdapterRoom);
        room.MaxLoaded = 2;

        Check(0);
        Assert.Equal((true, false), (adapters[0].IsOnDevice, adapters[1].IsOnDevice));
        Check(1, 0); // a larger rank: both move
        Check(0);
        Check(2); // in the seat of the one that was used less recently
        Assert.Equal((true, false, true), (adapters[0].IsOnDevice, adapters[1].IsOnDevice, adapters[2].IsOnDevice));
        Check(3, 2, 1, 0); // more than may stay are there while the forward runs
        Check(1, 3);
        Assert.Equal(2, room.Loaded);
        var loads = room.Loads;
        Check(3, 1);
        Assert.Equal(loads, room.Loads);
        adapters[3].Dispose();
        Assert.Equal(1, room.Loaded);
        foreach (var adapter in adapters.Take(3)) adapter.Dispose();

        void Check(params int[] used)
        {
            var asked = questions.Select((q, i) => q with { Adapter = adapters[used[i % used.Length]] }).ToList();
            foreach (var (i, reading) in scorer.Read(asked).Index())
                Assert.Equal(expected[used[i % used.Length]][i].Logits, reading.Logits, (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    [Fact]
    public void A_forward_has_no_more_adapters_than_may_be_loaded()
    {
        using var fixture = ParityFixture.Open("qwen2", device);
        using var model = fixture.Model();
        model.AdapterRoom.IsUsed = true;
        using var folders = new RandomAdapters(model, 3);
        var adapters = folders.Load(model);
        model.AdapterRoom.MaxLoaded = 2;
        OptionQuestion Of(int? adapter) => new([1, 2, 3], new([], [[1], [2]])) { Adapter = adapter is { } a ? adapters[a] : null };

        Assert.Equal([0..4, 4..5], new OptionScorer(model).Batches([Of(0), Of(1), Of(null), Of(0), Of(2)]));
        foreach (var adapter in adapters) adapter.Dispose();
    }

    [Fact]
    public void No_tensor_outlives_scorings_and_adapters_that_come_and_go()
    {
        using var fixture = ParityFixture.Open("qwen2", device);
        using var model = fixture.Model();
        model.AdapterRoom.IsUsed = true;
        using var folders = new RandomAdapters(model, 4);
        var questions = ManyAdaptersTests.Questions(fixture);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        Once();

        var before = statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++) Once();

        Assert.Equal(before, statistics.ThreadTotalLiveCount);

        void Once()
        {
            var adapters = folders.Load(model);
            new OptionScorer(model).Read([.. questions.Select((q, i) => q with { Adapter = i == 3 ? null : adapters[i % 4] })]);
            foreach (var adapter in adapters) adapter.Dispose();
        }
    }
}
