using FinIntent.Kernels;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Keeps what a forward of frozen linears leaves for its backward.</summary>
sealed class LinearTape : IDisposable
{
    /// <summary>The adapters' low products x·Aᵀ, [T, ΣR].</summary>
    public Tensor? Low { get; set; }

    /// <summary>The gradient of <see cref="Low"/>.</summary>
    public Tensor? LowGradient { get; set; }

    /// <summary>The factors by which dropout multiplied x, one tensor for each adapter; null means no dropout.</summary>
    public List<Tensor>? Noises { get; set; }

    /// <summary>The adapters as they were in the forward.</summary>
    public JointAdapter? Adapter { get; set; }

    public void Dispose()
    {
        Low?.Dispose();
        LowGradient?.Dispose();
        Noises?.ForEach(n => n.Dispose());
        Adapter?.Dispose();
    }
}

/// <summary>Holds frozen weights in another form than plain numbers of 16 or 32 bits: [out, in] of all members of a group.</summary>
abstract class PackedWeight : IDisposable
{
    /// <summary>Returns x·Wᵀ + b [T, out] for x [T, in].</summary>
    public abstract Tensor Product(Tensor x, Tensor? bias);

    /// <summary>Returns dy·W [T, in] for dy [T, out].</summary>
    public abstract Tensor InputGradient(Tensor dy);
    public abstract long Bytes { get; }
    public abstract void Dispose();
}

/// <summary>Groups linears that read one input; outputs lie side by side. One product serves all while weights are frozen.</summary>
/// <remarks>The backward computes the gradients of the input and the adapters. Torch differentiates <see cref="Plain"/>.</remarks>
sealed class LinearGroup(params Linear[] members) : IDisposable
{
    readonly JointView _weight = new(members, m => m.Kernel), _bias = new(members, m => m.Bias!);
    JointAdapter? _adapter;

    public IReadOnlyList<Linear> Members => members;
    public int Outputs => members.Sum(m => m.Outputs);

    /// <summary>Takes the place of the members' weights, which then hold nothing; null means that they are plain.</summary>
    public PackedWeight? Packed { get; set; }

    /// <summary>Maps x [T, in] to [T, Σout], adapters included, with a gradient.</summary>
    public Tensor Plain(Tensor x)
    {
        if (Packed is not null)
            throw new InvalidOperationException("packed weights have no plain operators: " +
                "call forward under no_grad(), and BackwardAdapters for gradients");
        if (members.Length == 1) return members[0].forward(x);
        using var scope = NewDisposeScope();
        return cat([.. members.Select(m => m.forward(x))], -1).MoveToOuterDisposeScope();
    }

    /// <summary>Maps x [T, in] to [T, Σout] with adapters, without a gradient; the tape gets what a backward needs.</summary>
    /// <param name="rows">The adapters of the batch's rows, which no tape remembers; null means none.</param>
    internal Tensor Forward(Tensor x, LinearTape? tape, GroupAdapters? rows = null)
    {
        using var scope = NewDisposeScope();
        return OpenForward(x, tape, rows).Complete().MoveToOuterDisposeScope();
    }

    /// <summary>Computes the same without adding the adapters' share yet.</summary>
    internal LowRankSum OpenForward(Tensor x, LinearTape? tape, GroupAdapters? rows = null)
    {
        var y = Product(x);
        if (rows is { } adapters) return adapters.AddTo(x, y);
        return AdapterIn(x.dtype, tape)?.Forward(x, y, tape) ?? new(y);
    }

    /// <summary>Returns the gradient of x [T, in] for the outputs' gradient dy [T, Σout].</summary>
    internal Tensor InputGradient(Tensor dy, LinearTape tape)
    {
        using var scope = NewDisposeScope();
        return OpenInputGradient(dy, tape).Complete().MoveToOuterDisposeScope();
    }

    /// <summary>Computes the same without adding the adapters' share yet.</summary>
    internal LowRankSum OpenInputGradient(Tensor dy, LinearTape tape)
    {
        var dx = ProductGradient(dy);
        return tape.Adapter?.InputGradient(dy, dx, tape) ?? new(dx);
    }

    Tensor ProductGradient(Tensor dy)
    {
        using var scope = NewDisposeScope();
        if (Packed?.InputGradient(dy) is { } packed) return packed.MoveToOuterDisposeScope();
        if (_weight.Get() is { } weight && weight.dtype == dy.dtype) return dy.matmul(weight).MoveToOuterDisposeScope();
        var parts = dy.split([.. members.Select(m => (long)m.Outputs)], 1);
        return parts.Zip(members, (part, m) => part.matmul(m.Kernel.to(dy.dtype))).Aggregate((a, b) => a + b).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the adapters' gradients; call it after <see cref="InputGradient"/>.</summary>
    internal void AddAdapterGradients(Tensor x, Tensor dy, LinearTape tape) => tape.Adapter?.AddGradients(x, dy, tape);

    Tensor Product(Tensor x)
    {
        using var scope = NewDisposeScope();
        var bias = members[0].Bias is null ? null : _bias.Get() ?? cat([.. members.Select(m => m.Bias!)], 0);
        if (Packed is not null) return Packed.Product(x, bias).MoveToOuterDisposeScope();
        return (_weight.Get() is { } weight && weight.dtype == x.dtype
            ? functional.linear(x, weight, bias)
            : cat([.. members.Select(m => m.Product(x))], -1)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the adapters, made anew in every forward of training and once for many when they are only used.</summary>
    JointAdapter? AdapterIn(ScalarType type, LinearTape? tape)
    {
        if (tape is not null) return tape.Adapter = JointAdapter.Of(members, type);
        if (_adapter?.IsOf(members, type) == true) return _adapter;
        _adapter?.Dispose();
        return _adapter = JointAdapter.Of(members, type);
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias.Dispose();
        _adapter?.Dispose();
        Packed?.Dispose();
    }
}
