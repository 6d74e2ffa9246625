using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>
/// Rows of tokens laid end to end: everything that goes through a model (training, scoring, prefill, one decoding step) is one of these.
/// There is no padding, so a row's result cannot depend on its neighbours.
/// </summary>
public sealed class TokenBatch : IDisposable
{
    Tensor? _mask;

    TokenBatch(Tensor tokens, Tensor positions, int[] rowStarts, Tensor? outputIndex, Tensor? labels, KvCache? cache)
    {
        Tokens = tokens;
        Positions = positions;
        RowStarts = rowStarts;
        OutputIndex = outputIndex;
        Labels = labels;
        Cache = cache;
    }

    /// <summary>[T] int64.</summary>
    public Tensor Tokens { get; }

    /// <summary>[T] int64, counted from 0 in each row.</summary>
    public Tensor Positions { get; }

    /// <summary>[B + 1], on the host: row b is RowStarts[b] .. RowStarts[b + 1].</summary>
    public int[] RowStarts { get; }

    /// <summary>RowStarts on the device, [B + 1] int32, as ragged attention kernels read it; null on the CPU.</summary>
    public Tensor? DeviceRowStarts { get; private init; }

    /// <summary>The longest row.</summary>
    public int MaxRowLength { get; private init; }

    /// <summary>[N] int64, the places in T whose logits are wanted; null: all.</summary>
    public Tensor? OutputIndex { get; }

    /// <summary>[N] int64, the token each of those places must predict; null outside training.</summary>
    public Tensor? Labels { get; }

    /// <summary>Keys and values of the rows' earlier tokens; null: each row starts here.</summary>
    public KvCache? Cache { get; }

    public int TokenCount => RowStarts[^1];

    /// <summary>
    /// What is added to attention scores so that a token sees itself and what is before it: 0 or −∞, [M · groups, M] for the longest row
    /// M, each query <paramref name="groups"/> times. A shorter row uses its upper left. Made once; the batch owns it.
    /// </summary>
    public Tensor CausalMask(long groups, ScalarType type)
    {
        if (_mask is not null && _mask.dtype == type && _mask.shape[0] == MaxRowLength * groups) return _mask;
        using var scope = NewDisposeScope();
        _mask?.Dispose();
        var full = new[] { (long)MaxRowLength, MaxRowLength };
        return _mask = TorchSharp.torch.full(full, float.NegativeInfinity, dtype: type, device: Tokens.device).triu(1)
            .repeat_interleave(groups, 0).DetachFromDisposeScope();
    }

    public int RowCount => RowStarts.Length - 1;

    /// <summary>How many labels the batch has.</summary>
    public int LabelCount => Labels is null ? 0 : (int)Labels.shape[0];

    /// <summary>Logits at every token of every row.</summary>
    public static TokenBatch All(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null) => Create(rows, null, null, device, cache);

    /// <summary>Logits at the last token of every row: scoring, prefill, a decoding step.</summary>
    public static TokenBatch Last(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null)
    {
        var end = 0L;
        return Create(rows, [.. rows.Select(row => (end += row.Length) - 1)], null, device, cache);
    }

    /// <summary>
    /// Logits where a label is. labels[b][t] is the label of token t itself (−100: none), as in a row file; the shift by one is made here:
    /// the logits at t − 1 predict labels[b][t].
    /// </summary>
    public static TokenBatch ForTraining(IReadOnlyList<int[]> rows, IReadOnlyList<int[]> labels, Device device)
    {
        List<long> index = [], targets = [];
        var start = 0;
        for (var b = 0; b < rows.Count; b++)
        {
            if (labels[b].Length != rows[b].Length)
                throw new ArgumentException($"row {b} has {rows[b].Length} tokens and {labels[b].Length} labels");
            for (var t = 1; t < labels[b].Length; t++)
            {
                if (labels[b][t] == IgnoredLabel) continue;
                index.Add(start + t - 1);
                targets.Add(labels[b][t]);
            }
            start += rows[b].Length;
        }
        return Create(rows, [.. index], [.. targets], device, null);
    }

    /// <summary>The label that is not trained on (PyTorch's cross_entropy ignore_index).</summary>
    public const int IgnoredLabel = -100;

    static TokenBatch Create(IReadOnlyList<int[]> rows, long[]? index, long[]? labels, Device device, KvCache? cache)
    {
        if (rows.Count == 0 || rows.Any(row => row.Length == 0)) throw new ArgumentException("a batch needs rows, and each row a token");

        var starts = new int[rows.Count + 1];
        for (var b = 0; b < rows.Count; b++) starts[b + 1] = starts[b] + rows[b].Length;
        var tokens = new long[starts[^1]];
        var positions = new long[starts[^1]];
        for (var b = 0; b < rows.Count; b++)
        {
            var past = cache?.Length(b) ?? 0;
            for (var t = 0; t < rows[b].Length; t++)
            {
                tokens[starts[b] + t] = rows[b][t];
                positions[starts[b] + t] = past + t;
            }
        }
        return new(Put(tokens), Put(positions), starts, index is null ? null : Put(index), labels is null ? null : Put(labels), cache)
        {
            MaxRowLength = rows.Max(row => row.Length),
            DeviceRowStarts = device.type == DeviceType.CPU ? null : tensor(starts, dtype: ScalarType.Int32, device: device).DetachFromDisposeScope(),
        };

        // The caller's dispose scopes must not end the batch: it owns its tensors.
        Tensor Put(long[] values)
        {
            using var host = tensor(values, dtype: ScalarType.Int64);
            return (device.type == DeviceType.CPU ? host.alias() : host.to(device)).DetachFromDisposeScope();
        }
    }

    public void Dispose()
    {
        Tokens.Dispose();
        Positions.Dispose();
        DeviceRowStarts?.Dispose();
        _mask?.Dispose();
        OutputIndex?.Dispose();
        Labels?.Dispose();
    }
}
