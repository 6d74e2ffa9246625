using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Holds the weights of down(silu(gate(x)) · up(x)). GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202</summary>
sealed class GatedMlp : Module
{
    [ComponentName(Name = "gate_proj")] readonly Linear _gate;
    [ComponentName(Name = "up_proj")] readonly Linear _up;
    [ComponentName(Name = "down_proj")] readonly Linear _down;

    public GatedMlp(int hiddenSize, int innerSize, bool hasBias, Placement placement) : base(nameof(GatedMlp))
    {
        var joint = Linear.Joint(hiddenSize, hasBias, placement, innerSize, innerSize);
        (_gate, _up) = (joint[0], joint[1]);
        _down = new(innerSize, hiddenSize, hasBias, placement);
        RegisterComponents();
        (GateUp, Down) = (new(_gate, _up), new(_down));
    }

    public LinearGroup GateUp { get; }
    public LinearGroup Down { get; }
}
