using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

public sealed class KvCacheTests
{
    [Fact]
    public void It_grows_as_rows_do_and_rows_leave_it()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var _ = no_grad();
        using var cache = new KvCache(model.Shape, 4, capacity: 3);
        int[][] rows = [[1, 2], [3, 4, 5, 6, 7], [8], [9, 10, 11]];
        Read(model, cache, rows);
        var room = cache.Capacity;

        cache.Keep([0, 1, 3]);
        Read(model, cache, [[20], [21], [22]]);
        cache.Keep([1, 2]);
        using var last = Read(model, cache, [[30, 31, 32, 33, 34, 35, 36, 37, 38], [39]]);

        Assert.Equal((6, 2), (room, cache.Rows));
        Assert.Equal((15, 5), (cache.Length(0), cache.Length(1)));
        Assert.Equal(15, cache.Capacity);
        int[][] whole = [[3, 4, 5, 6, 7, 21, 30, 31, 32, 33, 34, 35, 36, 37, 38], [9, 10, 11, 22, 39]];
        using var batch = TokenBatch.Last(whole, CPU);
        using var expected = model.forward(batch);
        TensorAssert.Close(expected, last, 1e-5, "after growing and leaving");
    }

    [Fact]
    public void A_batch_that_was_not_read_leaves_it_as_it_was()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var _ = no_grad();
        using var cache = new KvCache(model.Shape, 1);
        Read(model, cache, [[1, 2, 3]]).Dispose();

        using (TokenBatch.Last([new int[100]], CPU, cache)) Assert.Equal(3, cache.Length(0));
        using var actual = Read(model, cache, [[4]]);

        using var batch = TokenBatch.Last([[1, 2, 3, 4]], CPU);
        using var expected = model.forward(batch);
        TensorAssert.Close(expected, actual, 1e-5, "the next token");
    }

    static Tensor Read(CausalLanguageModel model, KvCache cache, int[][] rows)
    {
        using var batch = TokenBatch.Last(rows, CPU, cache);
        return model.forward(batch);
    }
}
