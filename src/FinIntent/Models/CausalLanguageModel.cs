using FinIntent.Models.Layers;
using FinIntent.Models.Packed;
using static TorchSharp.torch.nn;

namespace FinIntent.Models;

/// <summary>Says where and in which precision a model's weights are made.</summary>
readonly record struct Placement(ScalarType Type, Device Device)
{
    public static Placement Cpu(ScalarType type = ScalarType.Float32) => new(type, CPU);

    /// <summary>A model of shapes only, which takes no memory.</summary>
    public static Placement Meta { get; } = new(ScalarType.BFloat16, META);

    /// <summary>Gives the layers' linears no memory: their weights will be kept in another form (<see cref="WeightFormat"/>).</summary>
    public bool PacksLayers { get; init; }

    /// <summary>The placement of what is not in a layer.</summary>
    internal Placement OutsideLayers => this with { PacksLayers = false };

    /// <summary>The placement of the linears' matrices.</summary>
    internal Placement Matrices => PacksLayers ? new(Type, META) : this;
}

/// <summary>Holds the numbers of a model that every family has and that are needed outside it.</summary>
/// <param name="VocabularySize">The rows of the embedding; logits have this many columns.</param>
/// <param name="MaxPositions">The length of the longest row that the model was made for.</param>
sealed record ModelShape(int Layers, int HiddenSize, int Heads, int KvHeads, int HeadDim, int VocabularySize, int MaxPositions)
{
    /// <summary>Ids from this one on are unused rows and never sampled.</summary>
    public int UsableVocabulary { get; init; } = VocabularySize;
}

/// <summary>Is a decoder; forward(batch) returns the logits [N, V], or [N, M] of chosen ids, at the batch's OutputIndex.</summary>
/// <remarks>Logits have the compute type. Without gradients the layers' written-out forward gives the same numbers sooner.</remarks>
abstract class CausalLanguageModel(string name, ModelShape shape, Placement placement) : Module<TokenBatch, Tensor>(name)
{
    AdapterRoom? _adapterRoom;

    /// <summary>A training step makes this many logits at once.</summary>
    internal const long HeadElements = 1 << 26;

    public ModelShape Shape { get; } = shape;
    public Placement Placement { get; } = placement;

    /// <summary>The type in which activations are computed: the weights' own, unless a trainer keeps fp32 masters under bf16.</summary>
    public ScalarType ComputeType { get; set; } = placement.Type;

    /// <summary>The form of the layers' linears; null means plain numbers of the placement's type.</summary>
    public WeightFormat? Format { get; internal set; }

    /// <summary>The name of the form, such as bfloat16 or int8.</summary>
    public string FormatName => Format?.Name ?? Placement.Type.ToString().ToLowerInvariant();
    public abstract IReadOnlyList<DecoderLayer> Layers { get; }

    /// <summary>Returns the embeddings [T, C] of token ids [T], in the weights' type.</summary>
    protected abstract Tensor Embed(Tensor tokens);
    internal abstract RotaryTable Rotary { get; }

    /// <summary>Where adapters that rows of a batch use lie on a GPU. Only the thread that computes uses it.</summary>
    internal AdapterRoom AdapterRoom => LazyInitializer.EnsureInitialized(ref _adapterRoom, () => new(this));
    protected abstract RmsNorm FinalNorm { get; }

    /// <summary>Returns the logits [N, V] of the normed stream [N, C] behind the last layer, or those of the ids, [N, M].</summary>
    protected abstract Tensor Logits(Tensor normed, Tensor? ids);

    internal RotaryEmbedding RotaryAt(TokenBatch batch) => Rotary.At(batch.Positions, batch.MaxKeyLength, ComputeType);

    /// <summary>Refuses a batch that the family cannot read.</summary>
    protected virtual void Check(TokenBatch batch)
    {
    }

    /// <summary>Refuses rows that cannot be read as they ask for.</summary>
    void CheckRows(TokenBatch batch)
    {
        Check(batch);
        if (batch.Adapters is null) return;
        if (is_grad_enabled()) throw new InvalidOperationException("rows with adapters of their own are read under no_grad");
        if (Layers.Any(layer => layer.Groups.Any(group => group.Members.Any(member => member.Adapter is not null))))
            throw new InvalidOperationException("an adapter is on the model's layers, so rows cannot have adapters of their own");
    }

    public override Tensor forward(TokenBatch batch)
    {
        CheckRows(batch);
        using var scope = NewDisposeScope();
        if (!is_grad_enabled()) return Logits(Outputs(batch), batch.OutputIds).MoveToOuterDisposeScope();
        if (batch.Cache is not null) throw new InvalidOperationException("a cache is read and filled under no_grad");
        var rotary = RotaryAt(batch);
        var h = Embed(batch.Tokens).to(ComputeType);
        foreach (var layer in Layers) h = layer.Plain(h, rotary, batch, PlacesBehind(layer, batch));
        return Logits(FinalNorm.forward(h), batch.OutputIds).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the sum of the labels' cross-entropies and, on request, how many are most probable, [2] in fp64.</summary>
    /// <remarks>It computes no gradient, and makes the logits a slice at a time.</remarks>
    internal Tensor Score(TokenBatch batch, bool withAccuracy)
    {
        Check(batch);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var h = Outputs(batch);
        var sums = zeros(2, dtype: ScalarType.Float64, device: h.device);
        foreach (var (start, count) in HeadSlices(batch.LabelCount))
        {
            using var slice = NewDisposeScope();
            var labels = batch.Labels!.narrow(0, start, count);
            var logits = Logits(h.narrow(0, start, count), null);
            sums[0].add_(CrossEntropy(logits, labels));
            if (withAccuracy) sums[1].add_(logits.argmax(-1).eq(labels).sum());
        }
        return sums.MoveToOuterDisposeScope();
    }

    /// <summary>Returns the logits [N, M] of the batch's chosen ids where <see cref="Hidden"/> was read, without a gradient.</summary>
    internal Tensor LogitsOf(Tensor hidden, TokenBatch batch)
    {
        using var noGradient = no_grad();
        return Logits(hidden, batch.OutputIds);
    }

    /// <summary>Returns the log-probabilities of tokens where <see cref="Hidden"/> was read, [P] in fp32, without a gradient.</summary>
    /// <remarks>It makes the logits a slice at a time, so a large vocabulary at many places takes no memory.</remarks>
    /// <param name="wanted">Outputs, in ascending order, with the id whose probability is wanted there.</param>
    internal Tensor LogProbabilities(Tensor h, IReadOnlyList<(long Output, long Id)> wanted)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        List<Tensor> parts = [];
        var first = 0;
        foreach (var (start, count) in HeadSlices(h.shape[0]))
        {
            using var slice = NewDisposeScope();
            var logits = Logits(h.narrow(0, start, count), null).to(ScalarType.Float32);                 // [n, V]
            var part = wanted.Skip(first).TakeWhile(w => w.Output < start + count).ToList();
            first += part.Count;
            var places = tensor(part.Select(w => w.Output - start).ToArray(), device: h.device);
            var ids = tensor(part.Select(w => w.Id).ToArray(), device: h.device);
            var chosen = logits.view(-1).index_select(0, places * logits.shape[1] + ids) - logits.logsumexp(-1).index_select(0, places);
            parts.Add(chosen.MoveToOuterDisposeScope());
        }
        return cat(parts).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the normed stream behind the last layer where it is read, [N, C], without a gradient.</summary>
    internal Tensor Hidden(TokenBatch batch)
    {
        using var noGradient = no_grad();
        CheckRows(batch);
        return Outputs(batch);
    }

    /// <summary>Computes the same; torch's gradient mode must be off.</summary>
    Tensor Outputs(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var rotary = RotaryAt(batch);
        var x = new Residual(Embed(batch.Tokens).to(ComputeType), null);
        foreach (var layer in Layers)
        {
            using Tensor sum = x.Sum, branch = x.Branch!;
            x = layer.Forward(x, rotary, batch, PlacesBehind(layer, batch), out _);
        }
        batch.Cache?.Advance(batch);
        return FinalNorm.Frozen(x.Sum, x.Branch).Normed.MoveToOuterDisposeScope();
    }

    /// <summary>Runs forward and backward with a frozen base; adds the adapters' gradients of the loss and returns the loss.</summary>
    /// <remarks>The loss is weight · Σ cross-entropies, a scalar on the device. Torch's graph holds only attention and the head.</remarks>
    /// <param name="recompute">Keeps only each layer's input and computes the layer again: a third more work, far less memory.</param>
    /// <param name="seed">The seed of dropout under <paramref name="recompute"/>, so that both passes drop the same.</param>
    public Tensor BackwardAdapters(TokenBatch batch, double weight, bool recompute = false, ulong seed = 0)
    {
        Check(batch);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var rotary = RotaryAt(batch);
        var x = new Residual(Embed(batch.Tokens).to(ComputeType), null);
        var tapes = new Stack<(DecoderLayer Layer, LayerTape Tape)>();
        try
        {
            foreach (var layer in Layers)
            {
                using Tensor sum = x.Sum, branch = x.Branch!;
                if (recompute) Seed(layer);
                x = layer.Forward(x, rotary, batch, PlacesBehind(layer, batch), out var tape, isTaped: true);
                tapes.Push((layer, recompute ? tape!.InputOnly() : tape!));
            }
            var (loss, gradient) = LossAndGradient(x.Sum + x.Branch!, batch, weight);
            x.Sum.Dispose();
            x.Branch!.Dispose();
            while (tapes.Count > 0)
            {
                using var before = gradient;
                var (layer, kept) = tapes.Pop();
                if (recompute) Seed(layer);
                using var tape = recompute ? Again(layer, kept, rotary, batch) : kept;
                gradient = layer.Backward(before, rotary, tape);
            }
            return loss.MoveToOuterDisposeScope();
        }
        finally
        {
            foreach (var (_, tape) in tapes) tape.Dispose();
        }

        void Seed(DecoderLayer layer) => manual_seed(unchecked((long)(seed * 1_000_003 + (ulong)layer.Parts.Layer))).Dispose();
    }

    /// <summary>Tells where the last layer goes on behind its attention: only where its output is read.</summary>
    Tensor? PlacesBehind(DecoderLayer layer, TokenBatch batch) => layer == Layers[^1] ? batch.OutputIndex : null;

    static LayerTape Again(DecoderLayer layer, LayerTape kept, RotaryEmbedding rotary, TokenBatch batch)
    {
        using (kept)
        {
            var (sum, branch) = layer.Forward(new(kept.Input, null), rotary, batch, kept.Places, out var tape, isTaped: true);
            sum.Dispose();
            branch!.Dispose();
            return tape!;
        }
    }

    /// <summary>Returns the weighted loss and its gradient [N, C] behind the last layer; logits are made a slice at a time.</summary>
    (Tensor Loss, Tensor Gradient) LossAndGradient(Tensor last, TokenBatch batch, double weight)
    {
        using var scope = NewDisposeScope();
        var gradient = empty_like(last);
        var total = zeros(1, dtype: ScalarType.Float64, device: last.device);
        foreach (var (start, count) in HeadSlices(batch.LabelCount))
        {
            using var slice = NewDisposeScope();
            using var withGradient = enable_grad();
            var leaf = last.narrow(0, start, count).detach().requires_grad_(true);
            var loss = CrossEntropy(Logits(FinalNorm.forward(leaf), null), batch.Labels!.narrow(0, start, count)) * weight;
            loss.backward();
            gradient.narrow(0, start, count).copy_(leaf.grad!);
            total.add_(loss.detach());
        }
        return (total.MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope());
    }

    IEnumerable<(long Start, long Count)> HeadSlices(long labels)
    {
        var step = Math.Max(1, HeadElements / Shape.VocabularySize);
        for (var start = 0L; start < labels; start += step) yield return (start, Math.Min(step, labels - start));
    }

    static Tensor CrossEntropy(Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var wide = logits.dtype == ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
        return functional.cross_entropy(wide, labels, reduction: Reduction.Sum).MoveToOuterDisposeScope();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var layer in Layers) layer.Dispose();
            Rotary.Dispose();
            _adapterRoom?.Dispose();
        }
        base.Dispose(disposing);
    }
}
