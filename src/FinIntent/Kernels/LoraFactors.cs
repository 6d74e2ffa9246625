using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>This is one adapter's factors, or their gradients, among the adapters of linears that read one input.</summary>
/// <param name="A">The factor A, [R, in].</param>
/// <param name="B">The factor B, [out, R].</param>
/// <param name="Scale">The scale of B·A.</param>
/// <param name="Output">The place where its outputs begin among the Σout of all.</param>
/// <param name="Rank">The place where its ranks begin among the ΣR of all.</param>
readonly record struct LoraPart(Tensor A, Tensor B, double Scale, long Output, long Rank);

/// <summary>Joins the adapters of linears that read one input into two matrices in the compute type, and adds gradients back.</summary>
/// <remarks>a [ΣR, in] holds every A, one under another; b [ΣR, Σout] holds the transposes of the scaled B along its diagonal.</remarks>
static class LoraFactors
{
    const string File = "lora_factors.cu";

    // These numbers are as in the CUDA source.
    const int MostParts = 4, ArgumentsPerPart = 7;

    const int Threads = 256;

    static readonly Kernel JoinKernel = new(File, "join_lora_factors"), AddKernel = new(File, "add_lora_gradients");

    /// <param name="outputs">Σout, including the outputs of linears without an adapter.</param>
    public static (Tensor A, Tensor B) Join(IReadOnlyList<LoraPart> parts, long outputs, ScalarType type) =>
        Fit(parts) && KernelDevice.Of(parts[0].A, type, JoinKernel) is { } device
            ? JoinOn(device, parts, outputs, type)
            : PlainJoin(parts, outputs, type);

    /// <summary>Adds da [ΣR, in] and the parts' blocks of the scaled db [Σout, ΣR] to the gradients in <paramref name="parts"/>.</summary>
    public static void AddGradients(Tensor da, Tensor db, IReadOnlyList<LoraPart> parts)
    {
        if (Fit(parts) && da.is_contiguous() && db.is_contiguous() && da.dtype == db.dtype && KernelDevice.Of(da, AddKernel) is { } device)
            AddOn(device, da, db, parts);
        else PlainAdd(da, db, parts);
    }

    public static (Tensor A, Tensor B) PlainJoin(IReadOnlyList<LoraPart> parts, long outputs, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var a = cat([.. parts.Select(p => p.A.to(type))], 0);
        var b = zeros([a.shape[0], outputs], dtype: type, device: a.device);
        foreach (var p in parts)
        {
            var block = b.narrow(0, p.Rank, p.B.shape[1]).narrow(1, p.Output, p.B.shape[0]);
            block.copy_(p.B.t());
            if (p.Scale != 1) block.mul_(p.Scale);
        }
        return (a.MoveToOuterDisposeScope(), b.MoveToOuterDisposeScope());
    }

    public static void PlainAdd(Tensor da, Tensor db, IReadOnlyList<LoraPart> parts)
    {
        using var scope = NewDisposeScope();
        foreach (var p in parts)
        {
            p.A.add_(da.narrow(0, p.Rank, p.A.shape[0]));
            p.B.add_(db.narrow(0, p.Output, p.B.shape[0]).narrow(1, p.Rank, p.B.shape[1]), p.Scale);
        }
    }

    static bool Fit(IReadOnlyList<LoraPart> parts)
    {
        if (parts.Count > MostParts) return false;
        foreach (var p in parts)
            if (p.A.dtype != ScalarType.Float32 || p.B.dtype != ScalarType.Float32 || !p.A.is_contiguous() || !p.B.is_contiguous())
                return false;
        return true;
    }

    internal static (Tensor A, Tensor B) JoinOn(KernelDevice device, IReadOnlyList<LoraPart> parts, long outputs, ScalarType type)
    {
        long inputs = parts[0].A.size(1), ranks = 0;
        foreach (var p in parts) ranks += p.A.size(0);
        var a = empty([ranks, inputs], dtype: type, device: parts[0].A.device);
        var b = empty([ranks, outputs], dtype: type, device: a.device);
        Launch(device, JoinKernel, a, b, (inputs, outputs, ranks), parts, ranks * inputs + outputs);
        return (a, b);
    }

    internal static void AddOn(KernelDevice device, Tensor da, Tensor db, IReadOnlyList<LoraPart> parts) =>
        Launch(device, AddKernel, da, db, (da.size(1), db.size(0), da.size(0)), parts, da.numel() + db.numel());

    static void Launch(KernelDevice device, Kernel kernel, Tensor a, Tensor b, (long Inputs, long Outputs, long Ranks) size,
        IReadOnlyList<LoraPart> parts, long threads)
    {
        Span<KernelArgument> arguments = stackalloc KernelArgument[5 + MostParts * ArgumentsPerPart];
        arguments.Clear(); // a part that is not there has no ranks
        (arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]) =
            (a, b, (int)size.Inputs, (int)size.Outputs, (int)size.Ranks);
        for (var i = 0; i < parts.Count; i++)
        {
            var p = parts[i];
            var at = arguments[(5 + i * ArgumentsPerPart)..];
            (at[0], at[1]) = (p.A, p.B);
            (at[2], at[3]) = ((int)p.Output, (int)(p.Output + p.B.size(0)));
            (at[4], at[5]) = ((int)p.Rank, (int)(p.Rank + p.A.size(0)));
            at[6] = (float)p.Scale;
        }
        device.Launch(kernel, a.dtype, new((threads + Threads - 1) / Threads, 1, Threads), arguments);
    }
}
