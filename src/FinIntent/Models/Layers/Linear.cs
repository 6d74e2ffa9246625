using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>x [T, in] → x·Wᵀ + b [T, out], computed in the type of x: a weight kept in another type (fp32 masters) is cast for the product.</summary>
public sealed class Linear : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] readonly Parameter _weight;
    [ComponentName(Name = "bias")] readonly Parameter? _bias;

    public Linear(int inputs, int outputs, bool hasBias, Placement placement) : base(nameof(Linear))
    {
        Inputs = inputs;
        Outputs = outputs;
        _weight = Parameters.Empty(placement, outputs, inputs);
        _bias = hasBias ? Parameters.Empty(placement, outputs) : null;
        RegisterComponents();
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>[out, in].</summary>
    public Parameter Kernel => _weight;

    /// <summary>What is added to the product, such as LoRA; null: nothing.</summary>
    public LinearAdapter? Adapter { get; set; }

    public override Tensor forward(Tensor x) => Adapter is null ? Product(x) : Adapter.Forward(this, x);

    /// <summary>The product without the adapter.</summary>
    public Tensor Product(Tensor x)
    {
        if (_weight.dtype == x.dtype) return functional.linear(x, _weight, _bias);
        using var scope = NewDisposeScope();
        return functional.linear(x, _weight.to(x.dtype), _bias?.to(x.dtype)).MoveToOuterDisposeScope();
    }
}

/// <summary>A change to one linear layer that leaves its weights alone.</summary>
public abstract class LinearAdapter
{
    /// <summary>The adapted output [T, out] for x [T, in].</summary>
    public abstract Tensor Forward(Linear layer, Tensor x);
}

static class Parameters
{
    /// <summary>Room for a checkpoint's tensor: not initialised, and frozen until a trainer says otherwise.</summary>
    public static Parameter Empty(Placement placement, params long[] shape) =>
        new(empty(shape, dtype: placement.Type, device: placement.Device), requires_grad: false);
}
