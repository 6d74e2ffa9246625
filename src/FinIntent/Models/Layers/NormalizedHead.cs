using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Maps x [T, C] to x·Ŵᵀ [T, V], each row of W scaled to length 1 in W's own type. A checkpoint may hold W or Ŵ.</summary>
/// <remarks>It is no <see cref="Linear"/>, so no adapter is ever put on it.</remarks>
sealed class NormalizedHead : Module<Tensor, Tensor>
{
    bool _isNormalized;
    [ComponentName(Name = "weight")] readonly Parameter _weight;

    public NormalizedHead(int inputs, int outputs, Placement placement) : base(nameof(NormalizedHead))
    {
        _weight = Parameters.Empty(placement, outputs, inputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => Scores(x, null);

    /// <summary>Returns the logits of these rows of Ŵ alone; null means all rows.</summary>
    internal Tensor Scores(Tensor x, Tensor? rows)
    {
        using var scope = NewDisposeScope();
        return Linear.Scores(x, Rows(), rows).MoveToOuterDisposeScope();
    }

    /// <summary>Scales a trained W in every forward, for its gradient; a frozen one once and in place, which saves memory.</summary>
    Tensor Rows()
    {
        if (_weight.requires_grad)
        {
            _isNormalized = false;
            return functional.normalize(_weight, 2, 1);
        }
        if (!_isNormalized)
        {
            using var _ = no_grad();
            _weight.copy_(functional.normalize(_weight, 2, 1));
            _isNormalized = true;
        }
        return _weight;
    }
}
