using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

public sealed class SharedRowsTests() : SharedRowsContract(DeviceType.CPU);

[Trait("tier", "gpu")]
public sealed class GpuSharedRowsTests() : SharedRowsContract(DeviceType.CUDA);

/// <summary>Rows that share their beginnings against the same rows alone, in fp32.</summary>
public abstract class SharedRowsContract(DeviceType device)
{
    public static TheoryData<string> Families => ParityFixture.Families;

    static readonly int[] Beginning = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

    /// <summary>Two levels of beginnings, a row that is one, a row twice, a row that shares too little, a row of one token.</summary>
    static readonly int[][] Rows =
    [
        [.. Beginning, 7, 8, 9],
        [.. Beginning, 20, 21, 22, 23, 24, 25, 26, 27, 30],
        [2, 2],
        [.. Beginning, 20, 21, 22, 23, 24, 25, 26, 27, 31, 32],
        Beginning,
        [.. Beginning, 7, 8, 9],
        [3, 1, 4, 8],
        [.. Beginning, 20, 21, 22, 23, 24, 25, 26, 27],
        [5],
    ];

    [Theory, MemberData(nameof(Families))]
    public void Rows_that_share_beginnings_are_the_rows_alone(string family)
    {
        using var fixture = ParityFixture.Open(family, device);
        using var model = fixture.Model();
        using var _ = no_grad();

        using var batch = TokenBatch.Last(Rows, fixture.Device, isShared: true);
        using var together = model.forward(batch);

        // 11 shared; behind them 3 and 3, too few to share, and 8 shared with 1 and 2 behind them; then 2, 4 and 1.
        Assert.Equal(11 + 3 + 3 + 8 + 1 + 2 + 2 + 4 + 1, batch.TokenCount);
        for (var b = 0; b < Rows.Length; b++)
        {
            using var alone = TokenBatch.Last([Rows[b]], fixture.Device);
            using var expected = model.forward(alone);
            using var actual = together.narrow(0, b, 1);
            Close(expected, actual, $"row {b}");
        }
    }

    [Fact]
    public void Labels_behind_a_shared_beginning_are_predicted_as_without()
    {
        using var fixture = ParityFixture.Open("qwen2", device);
        using var model = fixture.Model();
        using var _ = no_grad();
        // From the last shared token on.
        var labels = Rows.Select(row => row.Select((id, t) => t < Beginning.Length - 1 ? TokenBatch.IgnoredLabel : id).ToArray()).ToArray();

        using var apart = TokenBatch.ForTraining(Rows, labels, fixture.Device);
        using var shared = TokenBatch.ForTraining(Rows, labels, fixture.Device, isShared: true);
        using Tensor expected = model.forward(apart), actual = model.forward(shared);

        Assert.Equal(apart.Labels!.data<long>().ToArray(), shared.Labels!.data<long>().ToArray());
        Close(expected, actual, "logits");
    }

    [Theory, MemberData(nameof(Families))]
    public void Wanted_ids_are_columns_of_all_logits(string family)
    {
        using var fixture = ParityFixture.Open(family, device);
        using var model = fixture.Model();
        using var _ = no_grad();
        int[] ids = [40, 3, 7];

        using TokenBatch all = TokenBatch.Last(Rows, fixture.Device), some = TokenBatch.Last(Rows, fixture.Device, ids: ids);
        using Tensor logits = model.forward(all), actual = model.forward(some);
        using var index = tensor(ids.Select(id => (long)id).ToArray(), device: fixture.Device);
        using var expected = logits.index_select(1, index);

        Close(expected, actual, "logits");
    }

    [Theory, MemberData(nameof(Families))]
    public void A_cache_filled_by_shared_rows_goes_on_as_that_of_each(string family)
    {
        using var fixture = ParityFixture.Open(family, device);
        using var model = fixture.Model();
        using var _ = no_grad();
        int[][] next = [.. Rows.Select((_, b) => b % 3 == 0 ? [b + 1, 12, 13] : new[] { b + 1 })];

        using var cache = new KvCache(model.Shape, Rows.Length);
        using (var first = TokenBatch.Last(Rows, fixture.Device, cache, isShared: true)) model.forward(first).Dispose();
        using var second = TokenBatch.Last(next, fixture.Device, cache);
        using var actual = model.forward(second);

        for (var b = 0; b < Rows.Length; b++)
        {
            using var alone = TokenBatch.Last([[.. Rows[b], .. next[b]]], fixture.Device);
            using var expected = model.forward(alone);
            using var row = actual.narrow(0, b, 1);
            Close(expected, row, $"row {b}");
            Assert.Equal(Rows[b].Length + next[b].Length, cache.Length(b));
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void Prompts_that_begin_alike_are_continued_as_alone(string family)
    {
        using var fixture = ParityFixture.Open(family, device);
        using var model = fixture.Model();
        var generator = new TokenGenerator(model, SamplingOptions.Greedy);
        var limits = new GenerationLimits(new HashSet<int>(), 6);
        var requests = Rows.Select(row => new GenerationRequest(row)).ToList();

        var together = generator.Generate(requests, limits);

        Assert.Equal(requests.Select(request => generator.Generate([request], limits)[0]), together);
    }

    [Fact]
    public void Long_rows_share_too()
    {
        // Past the length up to which the fixture.Device computes attention by plain products.
        using var fixture = ParityFixture.Open("llama", device);
        using var model = fixture.Model();
        using var _ = no_grad();
        var room = model.Shape.MaxPositions;
        var beginning = Enumerable.Range(0, 1100).Select(i => i * 7 % 40).ToArray();
        int[][] rows = [[.. beginning, 1, 2, 3], [.. beginning, 4]];

        using TokenBatch shared = TokenBatch.Last(rows, fixture.Device, isShared: true), apart = TokenBatch.Last(rows, fixture.Device);
        using Tensor actual = model.forward(shared), expected = model.forward(apart);
        using var cache = new KvCache(model.Shape, 1);
        using (var first = TokenBatch.Last([beginning], fixture.Device, cache)) model.forward(first).Dispose();
        using var rest = TokenBatch.Last([[1, 2, 3]], fixture.Device, cache);
        using Tensor cached = model.forward(rest), firstRow = expected.narrow(0, 0, 1);

        Close(expected, actual, "shared");
        Close(firstRow, cached, "cached");
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var fixture = ParityFixture.Open("qwen2", device);
        using var model = fixture.Model();
        using var cache = new KvCache(model.Shape, 1);
        using (var first = TokenBatch.Last([[1, 2]], fixture.Device, cache))
        {
            Assert.Contains("no_grad", Assert.Throws<InvalidOperationException>(() => model.forward(first)).Message);
            using var _ = no_grad();
            model.forward(first).Dispose();
        }

        Assert.Throws<ArgumentException>(() => TokenBatch.Last([[1]], fixture.Device, cache, isShared: true));
        Assert.Throws<ArgumentException>(() => TokenBatch.Last([[1], []], fixture.Device, isShared: true));
        Assert.Throws<ArgumentException>(() => TokenBatch.Last([], fixture.Device));
    }

    /// <summary>Up to the order of sums: a product of another number of rows adds up in another order.</summary>
    static void Close(Tensor expected, Tensor actual, string what)
    {
        using var largest = expected.abs().max();
        TensorAssert.Close(expected, actual, 1e-5 * Math.Max(1, largest.item<float>()), what);
    }
}
