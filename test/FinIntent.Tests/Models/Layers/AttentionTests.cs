using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Layers;

public sealed class AttentionTests() : AttentionContract(DeviceType.CPU);

/// <summary>
/// In 16 bits this is libtorch's ragged flash kernel: its alignment of masks, its key lengths, its reading of a cache in place.
/// </summary>
[Trait("tier", "gpu")]
public sealed class GpuAttentionTests() : AttentionContract(DeviceType.CUDA);

/// <summary>Attention over batches of every kind against the definition, row by row in fp64.</summary>
public abstract class AttentionContract
{
    const int Heads = 6, KvHeads = 2, HeadDim = 32, Ids = 40, Positions = 64;

    /// <summary>Inputs are below 1 in size, and so are outputs: weighted means.</summary>
    static readonly Dictionary<ScalarType, double> Tolerances = new()
    {
        [ScalarType.Float32] = 1e-5,
        [ScalarType.Float16] = 2e-3,
        [ScalarType.BFloat16] = 1.6e-2,
    };

    static readonly int[] Beginning = [.. Enumerable.Range(0, 12)];

    static readonly int[][] Rows =
    [
        [.. Beginning, 20, 21, 22],
        [1, 2, 3],
        [.. Beginning, 25],
        [.. Beginning, .. Enumerable.Range(10, 20), 30],
        [.. Beginning, .. Enumerable.Range(10, 20), 31, 32],
        [39],
    ];

    readonly Device _device;

    // What a token's q, k and v are: any function of its id and position.
    readonly Tensor _table = rand([Ids * Positions, Heads + 2 * KvHeads, HeadDim], dtype: ScalarType.Float64,
        generator: new Generator(1, CPU)) * 2 - 1;

    protected AttentionContract(DeviceType device)
    {
        if (device == DeviceType.CUDA) Tier.NeedsGpu();
        _device = device == DeviceType.CUDA ? CUDA : CPU;
    }

    public static TheoryData<ScalarType> Types => [.. Tolerances.Keys];

    [Theory, MemberData(nameof(Types))]
    public void Rows_of_several_lengths(ScalarType type)
    {
        using var batch = TokenBatch.Last(Rows, _device);

        AssertLast(Rows, batch, type);
    }

    [Theory, MemberData(nameof(Types))]
    public void Rows_behind_shared_beginnings(ScalarType type)
    {
        using var batch = TokenBatch.Last(Rows, _device, isShared: true);

        Assert.True(batch.TokenCount < Rows.Sum(row => row.Length));
        AssertLast(Rows, batch, type);
    }

    [Theory, MemberData(nameof(Types))]
    public void Rows_behind_their_cached_past(ScalarType type)
    {
        using var _ = no_grad();
        using var cache = new KvCache(new(Layers: 1, Heads * HeadDim, Heads, KvHeads, HeadDim, Ids, Positions), Rows.Length, capacity: 5);
        var read = Rows.Select(_ => Array.Empty<int>()).ToArray();

        Next(Rows, isShared: true);
        Next([.. Rows.Select((_, b) => new[] { b })]);
        Next([.. Rows.Select((_, b) => Enumerable.Range(b, 1 + b % 3).ToArray())]);
        cache.Keep([0, 3, 4]);
        read = [read[0], read[3], read[4]];
        Next([[7], [8], [9]]);

        void Next(int[][] added, bool isShared = false)
        {
            read = [.. read.Zip(added, (before, more) => (int[])[.. before, .. more])];
            using var batch = TokenBatch.Last(added, _device, cache, isShared);
            AssertLast(read, batch, type);
            cache.Advance(batch);
        }
    }

    /// <summary>What attention gives at each row's end.</summary>
    void AssertLast(int[][] rows, TokenBatch batch, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var qkv = Qkv(batch.Tokens.cpu(), batch.Positions.cpu()).to(type).to(_device).split([Heads, KvHeads, KvHeads], 1);
        var all = Attention.Causal(qkv[0], qkv[1], qkv[2], batch, layer: 0).cpu();
        var actual = batch.OutputIndex is null ? all : all.index_select(0, batch.OutputIndex.cpu());
        TensorAssert.Close(cat([.. rows.Select(row => Definition(row, type))], 0), actual, Tolerances[type], $"{type}");
    }

    /// <summary>The last token's output, in fp64 from inputs rounded to the type: softmax(q·kᵀ/√D)·v over the whole row.</summary>
    Tensor Definition(int[] row, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var qkv = Qkv(tensor(row.Select(id => (long)id).ToArray()), arange(row.Length, dtype: ScalarType.Int64)).to(type)
            .to(ScalarType.Float64)
            .transpose(0, 1);                                                                        // [H + 2·KV, L, D]
        var outputs = Enumerable.Range(0, Heads).Select(head =>
        {
            var kv = head / (Heads / KvHeads);
            Tensor q = qkv[head].narrow(0, row.Length - 1, 1), k = qkv[Heads + kv], v = qkv[Heads + KvHeads + kv];
            return (q.matmul(k.t()) / Math.Sqrt(HeadDim)).softmax(-1).matmul(v);                     // [1, D]
        });
        return cat([.. outputs], 0).unsqueeze(0).MoveToOuterDisposeScope();
    }

    Tensor Qkv(Tensor ids, Tensor positions) => _table.index_select(0, ids * Positions + positions);
}
