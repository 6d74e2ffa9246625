using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>down(silu(gate(x)) · up(x)). GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202.</summary>
public sealed class GatedMlp : Module<Tensor, Tensor>
{
    [ComponentName(Name = "gate_proj")] readonly Linear _gate;
    [ComponentName(Name = "up_proj")] readonly Linear _up;
    [ComponentName(Name = "down_proj")] readonly Linear _down;

    public GatedMlp(int hiddenSize, int innerSize, bool hasBias, Placement placement) : base(nameof(GatedMlp))
    {
        _gate = new(hiddenSize, innerSize, hasBias, placement);
        _up = new(hiddenSize, innerSize, hasBias, placement);
        _down = new(innerSize, hiddenSize, hasBias, placement);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return _down.forward(functional.silu(_gate.forward(x)) * _up.forward(x)).MoveToOuterDisposeScope();
    }
}
