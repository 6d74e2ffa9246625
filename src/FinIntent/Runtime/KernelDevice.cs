using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>One kernel of this project: a function of a CUDA C file embedded beside the operator it serves, compiled for a storage type at first use.</summary>
sealed class Kernel(string file, string name)
{
    static int _count;

    public string File { get; } = file;

    public string Name { get; } = name;

    /// <summary>Counted over all kernels, for tables without a look-up.</summary>
    public int Index { get; } = Interlocked.Increment(ref _count) - 1;
}

/// <summary>Blocks of a launch (X up to 2³¹ − 1, Y up to 65,535) and threads of a block.</summary>
readonly record struct LaunchShape(long X, int Y, int ThreadsX, int ThreadsY = 1)
{
    /// <summary>Rows × as few blocks of up to 256 threads as cover <paramref name="units"/> in each row.</summary>
    public static LaunchShape Rows(long rows, long units)
    {
        var parts = (units + 255) / 256;
        return new(rows, (int)parts, Warps((units + parts - 1) / parts));
    }

    /// <summary>Rounded up to whole warps of 32 threads.</summary>
    public static int Warps(long threads) => (int)(threads + 31) / 32 * 32;
}

/// <summary>One argument of a kernel: 8 bytes of which the kernel reads as many as its parameter has.</summary>
readonly unsafe struct KernelArgument
{
    readonly ulong _bits;

    KernelArgument(ulong bits) => _bits = bits;

    /// <summary>The tensor's address; it must outlive the launch, which is in the order of its stream. Null: a null pointer.</summary>
    public static implicit operator KernelArgument(Tensor? tensor) => new(tensor is null ? 0 : (ulong)TensorMemory.PointerOf(tensor));

    public static implicit operator KernelArgument(long value) => new((ulong)value);

    public static implicit operator KernelArgument(int value) => new((uint)value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));

    public static implicit operator KernelArgument(bool value) => new(value ? 1u : 0u);
}

/// <summary>
/// What runs this project's kernels. The GPU is <see cref="Of"/>'s; the tests have a CPU that runs the same sources. Kernels exist for fp32,
/// bf16 and fp16; functions are kept by kernel and type, so that a launch looks nothing up.
/// </summary>
abstract unsafe class KernelDevice
{
    const int Types = 3;
    const nint Refused = -1;

    static readonly Lazy<KernelDevice?> Cuda = new(CudaKernels.TryCreate);

    readonly Lock _loading = new();
    readonly HashSet<(string File, ScalarType Type)> _refusedFiles = [];
    nint[] _functions = new nint[64 * Types];

    /// <summary>Told once when kernels cannot be had on a GPU, and why; a host prints it.</summary>
    public static Action<string>? Notice { get; set; }

    /// <summary>The GPU where <paramref name="x"/> lies, when it is of a type there are kernels for and <paramref name="kernel"/> runs there; null: plain operators.</summary>
    public static KernelDevice? Of(Tensor x, Kernel kernel) => Of(x, x.dtype, kernel);

    /// <summary>The same for a kernel in another type than that of <paramref name="x"/>.</summary>
    public static KernelDevice? Of(Tensor x, ScalarType type, Kernel kernel) =>
        LibTorch.HasCuda && x.device_type == DeviceType.CUDA && TypeIndex(type) >= 0 && x.device_index is 0 or -1
        && Cuda.Value is { } device && device.Has(kernel, type) ? device : null;

    /// <summary>Whether the kernel can be launched; compiles it when it is asked for the first time.</summary>
    public bool Has(Kernel kernel, ScalarType type) => Function(kernel, type) != Refused;

    /// <summary>Launches on torch's current stream; nothing is waited for.</summary>
    public void Launch(Kernel kernel, ScalarType type, LaunchShape shape, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (shape.X == 0 || shape.Y == 0) return;
        var function = Function(kernel, type);
        if (function == Refused) throw new KernelException($"{kernel.Name} was refused when it was loaded");
        var pointers = stackalloc void*[arguments.Length];
        fixed (KernelArgument* cells = arguments)
        {
            for (var i = 0; i < arguments.Length; i++) pointers[i] = cells + i;
            Launch(function, shape, pointers);
        }
    }

    /// <exception cref="KernelException">It cannot be had.</exception>
    protected abstract nint Load(Kernel kernel, ScalarType type);

    protected abstract void Launch(nint function, LaunchShape shape, void** arguments);

    nint Function(Kernel kernel, ScalarType type)
    {
        var index = kernel.Index * Types + TypeIndex(type);
        var functions = _functions;
        return index < functions.Length && functions[index] is not 0 and var function ? function : FirstUse(kernel, type, index);
    }

    nint FirstUse(Kernel kernel, ScalarType type, int index)
    {
        lock (_loading)
        {
            if (index >= _functions.Length) Array.Resize(ref _functions, 2 * index);
            if (_functions[index] != 0) return _functions[index];
            return _functions[index] = TryLoad(kernel, type);
        }
    }

    nint TryLoad(Kernel kernel, ScalarType type)
    {
        if (_refusedFiles.Contains((kernel.File, type))) return Refused;
        try
        {
            return Load(kernel, type);
        }
        catch (KernelException e)
        {
            _refusedFiles.Add((kernel.File, type));
            Notice?.Invoke($"note: plain operators run in place of the kernels in {kernel.File}, which is slower: {e.Message}");
            return Refused;
        }
    }

    /// <summary>Whether each tensor begins where sixteen bytes can be read at once.</summary>
    public static bool AreAligned(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            if (((nint)TensorMemory.PointerOf(tensor) & 15) != 0) return false;
        return true;
    }

    /// <summary>Numbers of the type in sixteen bytes.</summary>
    public static int Lanes(ScalarType type) => type == ScalarType.Float32 ? 4 : 8;

    /// <summary>As in common.cu; negative: no kernels for that type.</summary>
    internal static int TypeIndex(ScalarType type) => type switch
    {
        ScalarType.Float32 => 0,
        ScalarType.BFloat16 => 1,
        ScalarType.Float16 => 2,
        _ => -1,
    };
}

/// <summary>A kernel cannot be compiled, loaded or launched.</summary>
sealed class KernelException(string message) : Exception(message);
