using FinIntent.Models;
using FinIntent.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;
using Linear = FinIntent.Models.Layers.Linear;

namespace FinIntent.Lora;

/// <summary>Computes y = W·x + b + scale · B·(A·dropout(x)) with frozen W [out, in]. LoRA, https://arxiv.org/abs/2106.09685</summary>
/// <remarks>A [R, in] and B [out, R] are trained, kept in fp32 and used in the type of x, as autocast does.</remarks>
sealed class LoraAdapter : LinearAdapter, IDisposable
{
    readonly double _dropout;
    bool _isTraining;

    internal LoraAdapter(Linear layer, int rank, double scale, double dropout, Placement placement)
    {
        Layer = layer;
        Scale = scale;
        _dropout = dropout;
        A = new(zeros(rank, layer.Inputs, dtype: placement.Type, device: placement.Device).DetachFromDisposeScope());
        B = new(zeros(layer.Outputs, rank, dtype: placement.Type, device: placement.Device).DetachFromDisposeScope());
    }

    public Linear Layer { get; }
    public override Parameter A { get; }
    public override Parameter B { get; }

    /// <summary>Dropout acts only while this is set; the trainer seeds torch's generator before each step.</summary>
    public bool IsTraining
    {
        get => _isTraining;
        set
        {
            _isTraining = value;
            Version++;
        }
    }

    public override double Scale { get; }
    public override double Dropout => IsTraining ? _dropout : 0;

    /// <summary>Draws A from U(−1/√in, 1/√in) (PEFT's kaiming_uniform, a = √5) and sets B to zero: the layer starts as the base.</summary>
    public void Initialise(Generator generator)
    {
        using var _ = no_grad();
        var bound = 1 / Math.Sqrt(Layer.Inputs);
        using var values = rand(A.shape, dtype: ScalarType.Float32, generator: generator);
        using var scaled = values.mul_(2 * bound).sub_(bound);
        A.copy_(scaled);
        B.zero_();
        Version++;
    }

    public override Tensor Forward(Linear layer, Tensor x)
    {
        using var scope = NewDisposeScope();
        var dropped = Dropout > 0 ? functional.dropout(x, Dropout, training: true) : x;
        var low = functional.linear(dropped, A.to(x.dtype));                                        // [T, R]
        return layer.Product(x).addmm_(low, B.to(x.dtype).t(), 1, (float)Scale).MoveToOuterDisposeScope();
    }

    /// <summary>Returns scale · B·A in fp32, [out, in].</summary>
    public Tensor Delta()
    {
        using var scope = NewDisposeScope();
        return B.to(ScalarType.Float32).matmul(A.to(ScalarType.Float32)).mul(Scale).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
