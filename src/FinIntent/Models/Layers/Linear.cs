using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Maps x [T, in] to x·Wᵀ + b [T, out] in the type of x; a weight kept in another type (fp32 masters) is cast for it.</summary>
sealed class Linear : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] readonly Parameter _weight;
    [ComponentName(Name = "bias")] readonly Parameter? _bias;

    public Linear(int inputs, int outputs, bool hasBias, Placement placement)
        : this(Parameters.Empty(placement.Matrices, outputs, inputs), hasBias ? Parameters.Empty(placement, outputs) : null)
    {
    }

    Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
    {
        _weight = weight;
        _bias = bias;
        RegisterComponents();
    }

    /// <summary>Makes linears of one input whose weights lie in one tensor, so that one product can serve them all.</summary>
    public static Linear[] Joint(int inputs, bool hasBias, Placement placement, params ReadOnlySpan<int> outputs)
    {
        var total = 0;
        foreach (var n in outputs) total += n;
        using var scope = NewDisposeScope();
        var weight = empty([total, inputs], dtype: placement.Type, device: placement.Matrices.Device);
        var bias = hasBias ? empty([total], dtype: placement.Type, device: placement.Device) : null;
        var linears = new Linear[outputs.Length];
        for (int i = 0, start = 0; i < linears.Length; start += outputs[i++])
            linears[i] = new(Part(weight, start, outputs[i]), bias is null ? null : Part(bias, start, outputs[i]));
        return linears;

        static Parameter Part(Tensor whole, int start, int length) =>
            new(whole.narrow(0, start, length).DetachFromDisposeScope(), requires_grad: false);
    }

    public int Inputs => (int)_weight.shape[1];
    public int Outputs => (int)_weight.shape[0];

    /// <summary>The weight, [out, in].</summary>
    public Parameter Kernel => _weight;

    /// <summary>The bias, [out].</summary>
    public Parameter? Bias => _bias;

    /// <summary>What is added to the product, such as LoRA; null means nothing.</summary>
    public LinearAdapter? Adapter { get; set; }

    public override Tensor forward(Tensor x) => Adapter is null ? Product(x) : Adapter.Forward(this, x);

    /// <summary>Returns the product without the adapter.</summary>
    public Tensor Product(Tensor x)
    {
        if (_weight.dtype == x.dtype) return functional.linear(x, _weight, _bias);
        using var scope = NewDisposeScope();
        return functional.linear(x, _weight.to(x.dtype), _bias?.to(x.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns x·Wᵀ [T, V] for a table of the vocabulary [V, in], or for these of its rows alone [T, M].</summary>
    internal static Tensor Scores(Tensor x, Tensor table, Tensor? rows)
    {
        using var scope = NewDisposeScope();
        return functional.linear(x, (rows is null ? table : table.index_select(0, rows)).to(x.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the same with this layer's weight as the table, and with its adapter.</summary>
    internal Tensor Scores(Tensor x, Tensor? rows)
    {
        if (Adapter is null && _bias is null) return Scores(x, _weight, rows);
        using var scope = NewDisposeScope();
        var all = forward(x);
        return (rows is null ? all : all.index_select(1, rows)).MoveToOuterDisposeScope();
    }
}

/// <summary>Adds a change of low rank, scale · B·(A·dropout(x)), to one linear layer's product; the weights stay as they are.</summary>
abstract class LinearAdapter
{
    /// <summary>The factor A, [R, in].</summary>
    public abstract Parameter A { get; }

    /// <summary>The factor B, [out, R].</summary>
    public abstract Parameter B { get; }
    public abstract double Scale { get; }

    /// <summary>The share of x that is dropped now; it is 0 outside training.</summary>
    public abstract double Dropout { get; }

    /// <summary>A number that grows when A and B have changed, or are about to be trained.</summary>
    public int Version { get; protected set; }

    /// <summary>Returns the adapted output [T, out] for x [T, in], in plain operators with a gradient.</summary>
    public abstract Tensor Forward(Linear layer, Tensor x);
}

static class Parameters
{
    /// <summary>Makes room for a checkpoint's tensor: it is not initialised, and frozen until a trainer says otherwise.</summary>
    public static Parameter Empty(Placement placement, params long[] shape) =>
        new(empty(shape, dtype: placement.Type, device: placement.Device), requires_grad: false);
}
