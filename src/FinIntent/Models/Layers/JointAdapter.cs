using FinIntent.Kernels;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Joins the adapters of linears that read one input, so that one product with each matrix serves them all.</summary>
/// <remarks>See <see cref="LoraFactors"/> for the matrices a [ΣR, in] and b [ΣR, Σout] in the compute type.</remarks>
sealed class JointAdapter : IDisposable
{
    sealed record Part(LinearAdapter Adapter, int Version, long Output, long Outputs, long Rank, long Ranks)
    {
        public LoraPart Of(Tensor a, Tensor b) => new(a, b, Adapter.Scale, Output, Rank);
    }

    readonly List<Part> _parts = [];
    readonly Tensor _a, _b;

    JointAdapter(IReadOnlyList<Linear> members, ScalarType type)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        long output = 0, rank = 0;
        foreach (var member in members)
        {
            if (member.Adapter is { } adapter)
            {
                _parts.Add(new(adapter, adapter.Version, output, member.Outputs, rank, adapter.A.shape[0]));
                rank += adapter.A.shape[0];
            }
            output += member.Outputs;
        }
        var (a, b) = LoraFactors.Join([.. _parts.Select(p => p.Of(p.Adapter.A, p.Adapter.B))], output, type);
        (_a, _b) = (a.DetachFromDisposeScope(), b.DetachFromDisposeScope());
    }

    /// <summary>Returns null when no member is adapted.</summary>
    public static JointAdapter? Of(IReadOnlyList<Linear> members, ScalarType type) =>
        members.Any(m => m.Adapter is not null) ? new(members, type) : null;

    /// <summary>Joins the factors of a group's members that are on no layer; null stands for a member without an adapter.</summary>
    /// <param name="factors">A [R, in], B [out, R] and the scale of each member's adapter, in any type; they stay the caller's.</param>
    public static GroupFactors? Join(
        IReadOnlyList<Linear> members, IReadOnlyList<(Tensor A, Tensor B, double Scale)?> factors, ScalarType type)
    {
        if (factors.All(f => f is null)) return null;
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        List<LoraPart> parts = [];
        long output = 0, rank = 0;
        foreach (var (member, factor) in members.Zip(factors))
        {
            if (factor is var (a, b, scale))
            {
                parts.Add(new(a, b, scale, output, rank));
                rank += a.shape[0];
            }
            output += member.Outputs;
        }
        var (jointA, jointB) = LoraFactors.Join(parts, output, type);
        return new(jointA.DetachFromDisposeScope(), jointB.DetachFromDisposeScope(), [.. factors.Select(f => (int)(f?.A.shape[0] ?? 0))]);
    }

    /// <summary>Says whether these are still the members' adapters as they are now, in that type.</summary>
    public bool IsOf(IReadOnlyList<Linear> members, ScalarType type) => _a.dtype == type
        && members.Where(m => m.Adapter is not null).Select(m => (m.Adapter, m.Adapter!.Version))
            .SequenceEqual(_parts.Select(p => ((LinearAdapter?)p.Adapter, p.Version)));

    /// <summary>Returns y [T, Σout] and what the adapters add to it; keeps what the gradients need.</summary>
    public LowRankSum Forward(Tensor x, Tensor y, LinearTape? tape)
    {
        using var scope = NewDisposeScope();
        var noises = _parts.Any(p => p.Adapter.Dropout > 0) ? _parts.Select(p => Noise(x, p.Adapter.Dropout)).ToList() : null;
        var low = noises is null
            ? functional.linear(x, _a)
            : cat([.. _parts.Select((p, i) => functional.linear(x * noises[i], OwnA(p)))], 1);    // [T, ΣR]
        if (tape is null) return Sum(y, low.MoveToOuterDisposeScope());
        tape.Noises = noises?.Select(n => n.DetachFromDisposeScope()).ToList();
        return Sum(y, tape.Low = low.DetachFromDisposeScope());
    }

    LowRankSum Sum(Tensor y, Tensor low)
    {
        var half = y.shape[1] / 2;
        // Of two members of equal width, each has its half of the outputs and its own ranks.
        var isHalved = _parts.Count == 2 && _parts[0].Outputs == half && _parts[1].Output == half;
        return new(y, low, _b, isHalved ? (int)_parts[0].Ranks : 0);
    }

    /// <summary>Returns a factor for each number of x: 0 with the dropout's probability, else 1 / (1 − that).</summary>
    static Tensor Noise(Tensor x, double dropout) => empty_like(x).bernoulli_(1 - dropout).div_(1 - dropout);

    Tensor OwnA(Part part) => _a.narrow(0, part.Rank, part.Ranks);

    /// <summary>Returns dx [T, in] and what reaches x through the adapters; keeps the gradient of the low products.</summary>
    public LowRankSum InputGradient(Tensor dy, Tensor dx, LinearTape tape)
    {
        using var scope = NewDisposeScope();
        var dLow = tape.LowGradient = dy.matmul(_b.t()).DetachFromDisposeScope();                 // [T, ΣR]
        if (tape.Noises is not { } noises) return new(dx, dLow, _a);
        foreach (var (part, noise) in _parts.Zip(noises))
            dx.add_(dLow.narrow(1, part.Rank, part.Ranks).matmul(OwnA(part)).mul_(noise));
        return new(dx);
    }

    /// <summary>Adds the gradients of every A and B to those that are there.</summary>
    public void AddGradients(Tensor x, Tensor dy, LinearTape tape)
    {
        using var scope = NewDisposeScope();
        var dA = tape.Noises is { } noises
            ? cat([.. _parts.Select((p, i) => tape.LowGradient!.narrow(1, p.Rank, p.Ranks).t().matmul(x * noises[i]))], 0)
            : tape.LowGradient!.t().matmul(x);                                                    // [ΣR, in]
        var dB = dy.t().matmul(tape.Low!);                                                        // [Σout, ΣR]
        LoraFactors.AddGradients(dA, dB, [.. _parts.Select(p => p.Of(GradientOf(p.Adapter.A), GradientOf(p.Adapter.B)))]);
    }

    static Tensor GradientOf(TorchSharp.Modules.Parameter parameter) =>
        parameter.grad ?? (parameter.grad = zeros_like(parameter, requires_grad: false).DetachFromDisposeScope());

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }
}
