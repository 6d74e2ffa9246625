using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Softmax attention over rows that lie end to end: each row sees itself and its cached past, never its neighbours.</summary>
public static class Attention
{
    /// <summary>q [T, H, D], k and v [T, KV, D] → [T, H, D]; query head h reads key head h / (H / KV). Scale 1/√D.</summary>
    public static Tensor Causal(Tensor q, Tensor k, Tensor v, TokenBatch batch, int layer)
    {
        using var scope = NewDisposeScope();
        var groups = q.shape[1] / k.shape[1];
        if (batch.Cache is null && IsFlash(q)) return Flash(q, k, v, batch).MoveToOuterDisposeScope();
        var isShort = batch.MaxRowLength <= LongestPlainRow && q.device_type == DeviceType.CPU;
        if (batch.Cache is null && SameLength(batch.RowStarts))
            return (isShort ? Plain(q, k, v, batch.RowCount, batch.CausalMask(groups, q.dtype)) : Rows(q, k, v, batch.RowCount, groups)).MoveToOuterDisposeScope();

        // Split, not narrow: the gradient of a split is one concatenation, that of each narrow a tensor of zeros of the whole length.
        var lengths = Enumerable.Range(0, batch.RowCount).Select(b => (long)batch.RowStarts[b + 1] - batch.RowStarts[b]).ToArray();
        Tensor[] qs = q.split(lengths), ks = k.split(lengths), vs = v.split(lengths);
        var outputs = new Tensor[batch.RowCount];
        for (var b = 0; b < outputs.Length; b++)
        {
            outputs[b] = batch.Cache is not null
                ? Cached(qs[b], batch.Cache.Append(layer, b, ks[b].transpose(0, 1), vs[b].transpose(0, 1)), groups)
                : isShort ? Plain(qs[b], ks[b], vs[b], 1, batch.CausalMask(groups, q.dtype)) : Rows(qs[b], ks[b], vs[b], 1, groups);
        }
        return (outputs.Length == 1 ? outputs[0] : cat(outputs, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>Whether libtorch's ragged flash kernel computes this: 16-bit on CUDA, head sizes up to 256 in steps of 8.</summary>
    static bool IsFlash(Tensor q) => q.device_type == DeviceType.CUDA && q.dtype is ScalarType.BFloat16 or ScalarType.Float16
        && q.shape[2] <= 256 && q.shape[2] % 8 == 0;

    /// <summary>All rows in one kernel, grouped heads native. FlashAttention-2, https://arxiv.org/abs/2307.08691.</summary>
    static Tensor Flash(Tensor q, Tensor k, Tensor v, TokenBatch batch)
    {
        var starts = AtenArgument.Some(batch.DeviceRowStarts!);
        long longest = batch.MaxRowLength;
        // query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, return_debug_mask, then optional extras
        return Aten.Call("aten::_flash_attention_forward", "", 5, q, k, v, starts, starts, longest, longest, 0.0, true, false,
            AtenArgument.None, AtenArgument.None, AtenArgument.None, AtenArgument.None, AtenArgument.None)[0];
    }

    static bool SameLength(int[] starts)
    {
        for (var b = 1; b < starts.Length - 1; b++)
            if (starts[b + 1] - starts[b] != starts[1]) return false;
        return true;
    }

    // On the CPU libtorch's fused kernel loses to three plain products up to here, most of all in its backward (docs/log.md).
    const int LongestPlainRow = 1024;

    /// <summary>
    /// Rows of one length and no past by softmax(q·kᵀ/√D + mask)·v: q [B·L, H, D]. The queries that share a key head are laid under one
    /// another, so that keys and values need no copies.
    /// </summary>
    static Tensor Plain(Tensor q, Tensor k, Tensor v, long rows, Tensor mask)
    {
        long length = q.shape[0] / rows, headDim = q.shape[2], kvHeads = k.shape[1], groups = q.shape[1] / kvHeads;
        var queries = q.view(rows, length, kvHeads, groups * headDim).transpose(1, 2).reshape(rows * kvHeads, length * groups, headDim);
        // TorchSharp 0.107 takes the first factor as the instance and the summand last.
        var scores = queries.baddbmm(Heads(k).transpose(1, 2), mask.narrow(0, 0, length * groups).narrow(1, 0, length),
            1, (float)(1 / Math.Sqrt(headDim)));                                                     // [B·KV, L·H/KV, L]
        var h = scores.softmax(-1).matmul(Heads(v));
        return h.view(rows, kvHeads, length, groups * headDim).transpose(1, 2).reshape(rows * length, kvHeads * groups, headDim);

        // [B·L, KV, D] → [B·KV, L, D]
        Tensor Heads(Tensor x) => x.view(rows, length, kvHeads, headDim).transpose(1, 2).reshape(rows * kvHeads, length, headDim);
    }

    /// <summary>Rows of one length and no past: q [B·L, H, D].</summary>
    static Tensor Rows(Tensor q, Tensor k, Tensor v, long rows, long groups)
    {
        long length = q.shape[0] / rows, heads = q.shape[1], headDim = q.shape[2];
        var h = functional.scaled_dot_product_attention(Heads(q, 1), Heads(k, groups), Heads(v, groups), is_casual: true);
        return h.transpose(1, 2).reshape(rows * length, heads, headDim);

        // [B·L, KV, D] → [B, H, L, D]
        Tensor Heads(Tensor x, long repeat) => Expanded(x.view(rows, length, -1, headDim).transpose(1, 2), repeat);
    }

    /// <summary>One row behind its past: q [L, H, D], keys and values [KV, M, D] with M ≥ L.</summary>
    static Tensor Cached(Tensor q, (Tensor Keys, Tensor Values) past, long groups)
    {
        long length = q.shape[0], seen = past.Keys.shape[1];
        Tensor keys = Expanded(past.Keys.unsqueeze(0), groups), values = Expanded(past.Values.unsqueeze(0), groups);
        // The last query sees every key, the one before it all but the last, …
        var mask = length == 1 || length == seen
            ? null
            : ones(length, seen, dtype: ScalarType.Bool, device: q.device).tril(seen - length);
        var h = functional.scaled_dot_product_attention(q.transpose(0, 1).unsqueeze(0), keys, values, mask, is_casual: length > 1 && length == seen);
        return h.squeeze(0).transpose(0, 1);
    }

    /// <summary>[B, KV, L, D] → [B, KV · groups, L, D].</summary>
    static Tensor Expanded(Tensor x, long groups) => groups == 1
        ? x
        : x.unsqueeze(2).expand(x.shape[0], x.shape[1], groups, x.shape[2], x.shape[3]).reshape(x.shape[0], -1, x.shape[2], x.shape[3]);
}
