using FinIntent.Kernels;

namespace FinIntent.Models.Layers;

/// <summary>Names the parts of a layer of any family: x += output(attention(norm(x))); x += down(silu(gate) · up).</summary>
/// <param name="Layer">The layer's number, counted from 0.</param>
/// <param name="Qkv">Gives q, k and v side by side, [T, (H + 2·KV)·D].</param>
/// <param name="GateUp">Gives gate and up side by side, [T, 2I].</param>
sealed record LayerParts(int Layer, int Heads, int KvHeads, RmsNorm AttentionNorm, LinearGroup Qkv, LinearGroup Output,
    RmsNorm MlpNorm, LinearGroup GateUp, LinearGroup Down)
{
    /// <summary>The RMSNorm on each head of q and of k before RoPE (Qwen3); null means none.</summary>
    public (RmsNorm Query, RmsNorm Key)? HeadNorms { get; init; }
}

/// <summary>The residual stream between two layers: its value is Sum + Branch, which the next norm adds up.</summary>
readonly record struct Residual(Tensor Sum, Tensor? Branch);

/// <summary>Keeps what a layer's forward leaves for its backward; what is cheap to compute is computed again instead.</summary>
sealed class LayerTape : IDisposable
{
    /// <summary>The stream as it came in, [T, C]; all that is kept when the backward computes the layer again.</summary>
    public required Tensor Input { get; init; }

    /// <summary>The places that went on behind attention, [N], which the batch owns; null means all.</summary>
    public Tensor? Places { get; init; }

    /// <summary>The leaves q, k, v and what attention made of them: a small graph of torch's own.</summary>
    public (Tensor Q, Tensor K, Tensor V, Tensor Output)? Attention { get; set; }

    /// <summary>q and k before their norms, [T, (H + KV), D].</summary>
    public Tensor? BeforeHeadNorms { get; set; }

    /// <summary>The stream behind attention, [T, C] or [N, C].</summary>
    public Tensor? Middle { get; set; }

    /// <summary>Gate and up side by side, [T, 2I] or [N, 2I].</summary>
    public LowRankSum? GateUp { get; set; }
    public LinearTape Qkv { get; } = new();
    public LinearTape Output { get; } = new();
    public LinearTape Gate { get; } = new();
    public LinearTape Down { get; } = new();

    /// <summary>Lets go of all that is not needed to compute the layer again.</summary>
    public LayerTape InputOnly()
    {
        using (this) return new() { Input = Input.alias(), Places = Places };
    }

    public void Dispose()
    {
        Input.Dispose();
        if (Attention is var (q, k, v, output))
            foreach (var tensor in (Tensor[])[q, k, v, output]) tensor.Dispose();
        BeforeHeadNorms?.Dispose();
        Middle?.Dispose();
        GateUp?.Base.Dispose();
        foreach (var tape in (LinearTape[])[Qkv, Output, Gate, Down]) tape.Dispose();
    }
}

/// <summary>Computes a decoder layer in two ways that give the same numbers.</summary>
/// <remarks>One uses plain operators that torch differentiates; one is for frozen weights, with forward and backward written out.</remarks>
sealed class DecoderLayer(LayerParts parts) : IDisposable
{
    public LayerParts Parts => parts;
    public IReadOnlyList<LinearGroup> Groups { get; } = [parts.Qkv, parts.Output, parts.GateUp, parts.Down];

    /// <summary>Takes x [T, C] and returns [T, C] or [N, C], with a gradient.</summary>
    /// <param name="places">[N], ascending: the only places in T for which the part behind attention runs; null means all.</param>
    public Tensor Plain(Tensor x, RotaryEmbedding rotary, TokenBatch batch, Tensor? places)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Split(parts.Qkv.Plain(parts.AttentionNorm.forward(x)));
        if (parts.HeadNorms is var (queryNorm, keyNorm)) (q, k) = (queryNorm.forward(q), keyNorm.forward(k));
        var attended = Attention.Causal(rotary.Apply(q), rotary.Apply(k), v, batch, parts.Layer).flatten(1);
        if (places is not null) (x, attended) = (x.index_select(0, places), attended.index_select(0, places));
        var h = x + parts.Output.Plain(attended);
        return (h + parts.Down.Plain(GatedSilu.Plain(parts.GateUp.Plain(parts.MlpNorm.forward(h))))).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the same without a gradient of torch's.</summary>
    /// <param name="tape">Holds what <see cref="Backward"/> needs, when <paramref name="isTaped"/>.</param>
    internal Residual Forward(
        Residual x, RotaryEmbedding rotary, TokenBatch batch, Tensor? places, out LayerTape? tape, bool isTaped = false)
    {
        using var scope = NewDisposeScope();
        var (input, normed) = parts.AttentionNorm.Frozen(x.Sum, x.Branch);
        tape = isTaped ? new() { Input = input.alias().DetachFromDisposeScope(), Places = places } : null;
        var attended = Attend(parts.Qkv.Forward(normed, tape?.Qkv, Rows(0, false)), rotary, batch, tape);
        if (places is not null) (input, attended) = (input.index_select(0, places), attended.index_select(0, places));
        var (middle, mlpInput) = parts.MlpNorm.Frozen(input, parts.Output.Forward(attended, tape?.Output, Rows(1)));
        var gateUp = parts.GateUp.OpenForward(mlpInput, tape?.Gate, Rows(2));
        var branch = parts.Down.Forward(LowRankGatedSilu.Forward(ref gateUp), tape?.Down, Rows(3));
        if (tape is not null)
        {
            tape.Middle = middle.alias().DetachFromDisposeScope();
            tape.GateUp = gateUp with { Base = gateUp.Base.alias().DetachFromDisposeScope() };
        }
        return new(middle.MoveToOuterDisposeScope(), branch.MoveToOuterDisposeScope());

        // The rows' adapters, of a group in the order of Groups.
        GroupAdapters? Rows(int group, bool isBehind = true) => batch.Adapters?.Of(parts.Layer, group, isBehind && places is not null);
    }

    /// <summary>Returns the input's gradient [T, C] for the output's, [T, C] or [N, C]; adds those of the adapters.</summary>
    internal Tensor Backward(Tensor dy, RotaryEmbedding rotary, LayerTape tape)
    {
        using var scope = NewDisposeScope();
        var dMiddle = BackwardMlp(dy, tape);
        var (q, k, v, output) = tape.Attention!.Value;
        var dAttended = parts.Output.InputGradient(dMiddle, tape.Output);
        var attended = output.detach().flatten(1);
        parts.Output.AddAdapterGradients(tape.Places is null ? attended : attended.index_select(0, tape.Places), dMiddle, tape.Output);
        if (tape.Places is not null) (dAttended, dMiddle) = (AmongAll(dAttended, attended), AmongAll(dMiddle, tape.Input));

        var gradients = autograd.grad([output], [q, k, v], [dAttended.view(output.shape)]);
        var dQkv = rotary.Join(gradients[0], gradients[1], gradients[2]);                         // [T, H + 2·KV, D]
        if (parts.HeadNorms is not null) BackwardHeadNorms(dQkv, tape);
        dQkv = dQkv.flatten(1);
        var dNormed = parts.Qkv.InputGradient(dQkv, tape.Qkv);
        parts.Qkv.AddAdapterGradients(parts.AttentionNorm.Frozen(tape.Input), dQkv, tape.Qkv);
        return parts.AttentionNorm.FrozenBackward(dNormed, tape.Input, dMiddle).MoveToOuterDisposeScope();

        // Places whose output was not wanted have no gradient.
        Tensor AmongAll(Tensor gradient, Tensor like) => zeros_like(like).index_copy_(0, tape.Places, gradient);
    }

    Tensor BackwardMlp(Tensor dy, LayerTape tape)
    {
        using var scope = NewDisposeScope();
        var (dGateUp, product) = LowRankGatedSilu.Backward(parts.Down.OpenInputGradient(dy, tape.Down), tape.GateUp!.Value);
        parts.Down.AddAdapterGradients(product, dy, tape.Down);
        var dNormed = parts.GateUp.InputGradient(dGateUp, tape.Gate);
        parts.GateUp.AddAdapterGradients(parts.MlpNorm.Frozen(tape.Middle!), dGateUp, tape.Gate);
        return parts.MlpNorm.FrozenBackward(dNormed, tape.Middle!, dy).MoveToOuterDisposeScope();
    }

    /// <summary>Takes qkv [T, (H + 2·KV)·D] and returns [T, H·D].</summary>
    Tensor Attend(Tensor qkv, RotaryEmbedding rotary, TokenBatch batch, LayerTape? tape)
    {
        using var scope = NewDisposeScope();
        var joint = qkv.view(qkv.shape[0], parts.Heads + 2 * parts.KvHeads, -1);
        if (parts.HeadNorms is not null) NormHeads(joint, tape);
        rotary.Turn(joint, parts.Heads + parts.KvHeads);
        var (q, k, v) = Split(qkv);
        if (tape is null) return Attention.Causal(q, k, v, batch, parts.Layer).flatten(1).MoveToOuterDisposeScope();

        using var _ = enable_grad();
        foreach (var leaf in (Tensor[])[q, k, v]) leaf.requires_grad_(true);
        var output = Attention.Causal(q, k, v, batch, parts.Layer);
        tape.Attention =
            (q.DetachFromDisposeScope(), k.DetachFromDisposeScope(), v.DetachFromDisposeScope(), output.DetachFromDisposeScope());
        return output.detach().flatten(1).MoveToOuterDisposeScope();
    }

    /// <summary>Returns views of q [T, H, D], k and v [T, KV, D].</summary>
    (Tensor Q, Tensor K, Tensor V) Split(Tensor qkv)
    {
        var heads = qkv.view(qkv.shape[0], parts.Heads + 2 * parts.KvHeads, -1).split([parts.Heads, parts.KvHeads, parts.KvHeads], 1);
        return (heads[0], heads[1], heads[2]);
    }

    void NormHeads(Tensor joint, LayerTape? tape)
    {
        if (tape is not null) tape.BeforeHeadNorms = joint.narrow(1, 0, parts.Heads + parts.KvHeads).clone().DetachFromDisposeScope();
        foreach (var (norm, start, heads) in Normed)
        {
            var part = joint.narrow(1, start, heads);
            part.copy_(norm.Frozen(part.contiguous()));
        }
    }

    void BackwardHeadNorms(Tensor gradient, LayerTape tape)
    {
        foreach (var (norm, start, heads) in Normed)
        {
            var part = gradient.narrow(1, start, heads);
            var before = tape.BeforeHeadNorms!.narrow(1, start, heads).contiguous();
            part.copy_(norm.FrozenBackward(part.contiguous(), before, zeros_like(before)));
        }
    }

    IEnumerable<(RmsNorm Norm, int Start, int Heads)> Normed =>
        [(parts.HeadNorms!.Value.Query, 0, parts.Heads), (parts.HeadNorms.Value.Key, parts.Heads, parts.KvHeads)];

    public void Dispose()
    {
        foreach (var group in Groups) group.Dispose();
    }
}
