using FinIntent.Runtime;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Computes softmax attention over stretches of tokens that lie end to end.</summary>
/// <remarks>A token sees the tokens of its stretch up to itself, and a shared beginning or cached past before the stretch.</remarks>
static class Attention
{
    /// <summary>Takes q [T, H, D], k and v [T, KV, D], returns [T, H, D]; query head h reads key head h / (H / KV), scale 1/√D.</summary>
    public static Tensor Causal(Tensor q, Tensor k, Tensor v, TokenBatch batch, int layer)
    {
        using var scope = NewDisposeScope();
        batch.Cache?.Write(layer, k, v, batch);
        if (batch.HasPast) return Past(q, batch.Cache!.Of(layer), batch).MoveToOuterDisposeScope();

        if (batch.Kept.Count > 0) (k, v) = BehindKept(k, v, batch, layer);
        if (batch.KeyPlaces is { } places) (k, v) = (k.index_select(0, places), v.index_select(0, places));
        return (IsFlash(q) ? Flash(q, k, v, batch) : Runs(q, k, v, batch)).MoveToOuterDisposeScope();
    }

    /// <summary>Puts the kept beginnings' keys and values before the batch's own.</summary>
    static (Tensor Keys, Tensor Values) BehindKept(Tensor k, Tensor v, TokenBatch batch, int layer)
    {
        var kept = batch.Kept.Select(beginning => beginning.Of(layer)).ToList();
        return (cat([.. kept.Select(l => l.Keys), k]), cat([.. kept.Select(l => l.Values), v]));
    }

    /// <summary>Says whether libtorch's ragged flash kernel computes this: 16-bit on CUDA, head sizes up to 256 in steps of 8.</summary>
    static bool IsFlash(Tensor q) => q.device_type == DeviceType.CUDA && q.dtype is ScalarType.BFloat16 or ScalarType.Float16
        && q.shape[2] <= 256 && q.shape[2] % 8 == 0;

    /// <summary>Computes all stretches in one kernel without expanding heads; k and v [K, KV, D] are in the order of KeyStarts.</summary>
    /// <remarks>A stretch's last query sees all its keys, as from version 2.1 on. https://arxiv.org/abs/2307.08691</remarks>
    static Tensor Flash(Tensor q, Tensor k, Tensor v, TokenBatch batch)
    {
        AtenArgument starts = AtenArgument.Some(batch.DeviceRowStarts!), keyStarts = AtenArgument.Some(batch.DeviceKeyStarts!);
        var keyLengths = batch.DeviceKeyLengths is { } lengths ? AtenArgument.Some(lengths) : AtenArgument.None;
        long longest = batch.MaxRowLength, mostKeys = batch.MaxKeyLength;
        // query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, return_debug_mask, scale, window_size_left,
        // window_size_right, seqused_k, alibi_slopes
        return Aten.Call("aten::_flash_attention_forward", "", 5, q, k, v, starts, keyStarts, longest, mostKeys, 0.0, true, false,
            AtenArgument.None, AtenArgument.None, AtenArgument.None, keyLengths, AtenArgument.None)[0];
    }

    /// <summary>Computes queries that read the cache [B, KV, capacity, D], which already holds their own keys and values.</summary>
    static Tensor Past(Tensor q, (Tensor Keys, Tensor Values) cached, TokenBatch batch)
    {
        if (IsFlash(q)) return Flash(q, OneAfterAnother(cached.Keys), OneAfterAnother(cached.Values), batch);
        if (batch.MaxRowLength == 1)
        {
            Tensor keys = cached.Keys.narrow(2, 0, batch.MaxKeyLength), values = cached.Values.narrow(2, 0, batch.MaxKeyLength);
            return Products(q, keys, values, batch.LengthMask(keys.shape[1], q.dtype));
        }
        return Joined(q.split(Lengths(batch.RowStarts)).Select((row, b) =>
        {
            var length = batch.KeyStarts[b + 1] - batch.KeyStarts[b];
            return Exact(row, cached.Keys.narrow(0, b, 1).narrow(2, 0, length), cached.Values.narrow(0, b, 1).narrow(2, 0, length), batch);
        }));
    }

    /// <summary>Views [B, KV, capacity, D] as [tokens, KV, D] without a copy: row b's tokens begin at b · KV · capacity.</summary>
    static Tensor OneAfterAnother(Tensor cached)
    {
        long rows = cached.shape[0], heads = cached.shape[1], capacity = cached.shape[2], headDim = cached.shape[3];
        long[] shape = [(rows * heads - heads + 1) * capacity, heads, headDim];
        return cached.as_strided(shape, [headDim, capacity * headDim, 1], cached.storage_offset());
    }

    /// <summary>Computes neighbours of one length together; k and v [K, KV, D] are in the order of KeyStarts.</summary>
    static Tensor Runs(Tensor q, Tensor k, Tensor v, TokenBatch batch)
    {
        List<(int First, int Count)> runs = [];
        for (var s = 0; s < batch.RowStarts.Length - 1; s++)
        {
            if (runs.Count > 0 && LengthsOf(s) == LengthsOf(runs[^1].First)) runs[^1] = (runs[^1].First, runs[^1].Count + 1);
            else runs.Add((s, 1));
        }
        // The gradient of a split is one concatenation; that of each narrow would be a tensor of zeros of the whole length.
        var (keyLengths, lengths) = (Lengths(batch.KeyStarts), Lengths(batch.RowStarts));
        Tensor[] qs = q.split(Summed(lengths)), ks = k.split(Summed(keyLengths)), vs = v.split(Summed(keyLengths));
        return Joined(runs.Select((run, i) => Exact(qs[i], Heads(ks[i], run.Count), Heads(vs[i], run.Count), batch)));

        (int, int) LengthsOf(int s) => (batch.RowStarts[s + 1] - batch.RowStarts[s], batch.KeyStarts[s + 1] - batch.KeyStarts[s]);

        long[] Summed(long[] parts) => [.. runs.Select(run => run.Count * parts[run.First])];

        // [B·L, KV, D] → [B, KV, L, D]
        static Tensor Heads(Tensor x, long count) => x.view(count, -1, x.shape[1], x.shape[2]).transpose(1, 2);
    }

    static long[] Lengths(int[] starts) => [.. Enumerable.Range(1, starts.Length - 1).Select(s => (long)(starts[s] - starts[s - 1]))];

    static Tensor Joined(IEnumerable<Tensor> parts)
    {
        Tensor[] all = [.. parts];
        return all.Length == 1 ? all[0] : cat(all, 0);
    }

    // Up to here libtorch's fused kernel on the CPU loses to three plain products, most of all in its backward (docs/log.md).
    const int LongestPlainRow = 1024;

    /// <summary>Takes queries [B·L, H, D] of rows of one length; the last of keys and values [B, KV, M, D] are their own.</summary>
    static Tensor Exact(Tensor q, Tensor keys, Tensor values, TokenBatch batch)
    {
        long rows = keys.shape[0], length = q.shape[0] / rows, seen = keys.shape[2], groups = q.shape[1] / keys.shape[1];
        if (seen > LongestPlainRow || q.device_type != DeviceType.CPU) return Fused(q, keys, values, length, groups);
        var mask = batch.CausalMask(groups, q.dtype);
        mask = mask.narrow(0, mask.shape[0] - length * groups, length * groups).narrow(1, mask.shape[1] - seen, seen);
        return Products(q, keys, values, mask);
    }

    /// <summary>Computes softmax(q·kᵀ/√D + mask)·v with q [B·L, H, D] and keys and values [B, KV, M, D].</summary>
    /// <remarks>Queries that share a key head lie one under another, [B·KV, L·H/KV, D], so keys are not copied; so is the mask.</remarks>
    static Tensor Products(Tensor q, Tensor keys, Tensor values, Tensor mask)
    {
        long rows = keys.shape[0], kvHeads = keys.shape[1], seen = keys.shape[2], headDim = q.shape[2];
        long length = q.shape[0] / rows, groups = q.shape[1] / kvHeads;
        var queries = q.view(rows, length, kvHeads, groups * headDim).transpose(1, 2).reshape(rows * kvHeads, length * groups, headDim);
        // TorchSharp 0.107 takes the first factor as the instance and the summand last.
        var scores = queries.baddbmm(keys.reshape(rows * kvHeads, seen, headDim).transpose(1, 2), mask, 1, (float)(1 / Math.Sqrt(headDim)));
        var h = scores.softmax(-1).matmul(values.reshape(rows * kvHeads, seen, headDim));            // [B·KV, L·H/KV, D]
        return h.view(rows, kvHeads, length, groups * headDim).transpose(1, 2).reshape(rows * length, kvHeads * groups, headDim);
    }

    /// <summary>Computes the same by libtorch's fused kernel: q [B·L, H, D], keys and values [B, KV, M, D].</summary>
    static Tensor Fused(Tensor q, Tensor keys, Tensor values, long length, long groups)
    {
        long rows = keys.shape[0], heads = q.shape[1], headDim = q.shape[2], seen = keys.shape[2];
        var mask = length == seen ? null : ones(length, seen, dtype: ScalarType.Bool, device: q.device).tril(seen - length);
        var h = functional.scaled_dot_product_attention(q.view(rows, length, heads, headDim).transpose(1, 2),
            Expanded(keys, groups), Expanded(values, groups), mask, is_casual: length == seen);
        return h.transpose(1, 2).reshape(rows * length, heads, headDim);
    }

    /// <summary>Expands [B, KV, L, D] to [B, KV · groups, L, D].</summary>
    static Tensor Expanded(Tensor x, long groups) => groups == 1
        ? x
        : x.unsqueeze(2).expand(x.shape[0], x.shape[1], groups, x.shape[2], x.shape[3]).reshape(x.shape[0], -1, x.shape[2], x.shape[3]);
}
