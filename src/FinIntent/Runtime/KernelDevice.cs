namespace FinIntent.Runtime;

/// <summary>A kernel is a function of an embedded CUDA C file, compiled for a storage type at first use.</summary>
sealed class Kernel(string file, string name)
{
    static int _count;

    public string File { get; } = file;
    public string Name { get; } = name;

    /// <summary>The kernel's number among all kernels, for tables without a look-up.</summary>
    public int Index { get; } = Interlocked.Increment(ref _count) - 1;
}

/// <summary>Gives the blocks of a launch (X up to 2³¹ − 1, Y up to 65,535) and the threads of a block.</summary>
readonly record struct LaunchShape(long X, int Y, int ThreadsX, int ThreadsY = 1)
{
    /// <summary>Returns a shape with as few blocks of up to 256 threads as cover <paramref name="units"/> in each of the rows.</summary>
    public static LaunchShape Rows(long rows, long units)
    {
        var parts = (units + 255) / 256;
        return new(rows, (int)parts, Warps((units + parts - 1) / parts));
    }

    /// <summary>Rounds up to whole warps of 32 threads.</summary>
    public static int Warps(long threads) => (int)(threads + 31) / 32 * 32;
}

/// <summary>This is one argument of a kernel: 8 bytes, of which the kernel reads as many as its parameter has.</summary>
readonly unsafe struct KernelArgument
{
    readonly ulong _bits;

    KernelArgument(ulong bits) => _bits = bits;

    /// <summary>Passes the tensor's address (null: a null pointer). The tensor must live until its stream has run the launch.</summary>
    public static implicit operator KernelArgument(Tensor? tensor) => new(tensor is null ? 0 : (ulong)TensorMemory.PointerOf(tensor));
    public static implicit operator KernelArgument(long value) => new((ulong)value);
    public static implicit operator KernelArgument(int value) => new((uint)value);
    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));
    public static implicit operator KernelArgument(bool value) => new(value ? 1u : 0u);
}

/// <summary>Runs this project's kernels: on the GPU, or in tests on a CPU that runs the same sources.</summary>
/// <remarks>Kernels exist for fp32, bf16 and fp16. Functions are kept by kernel and type, so a launch looks nothing up.</remarks>
/// <param name="notice">It is told once when a file's kernels cannot be had, and why.</param>
abstract unsafe class KernelDevice(Action<string>? notice = null)
{
    const int Types = 3;
    const nint Refused = -1;

    // A process has one set of kernels, which is made when the first of them is to run.
    static Lazy<KernelDevice?> _cuda = new(() => CudaKernels.TryCreate(null));

    readonly Lock _loading = new();
    readonly HashSet<(string File, ScalarType Type)> _refusedFiles = [];
    nint[] _functions = new nint[64 * Types];

    /// <summary>Says whom the GPU's kernels tell why they cannot run. Kernels that are there already keep their listener.</summary>
    public static void TellTo(Action<string> notice)
    {
        if (!_cuda.IsValueCreated) _cuda = new(() => CudaKernels.TryCreate(notice));
    }

    /// <summary>Returns the GPU that holds x when the kernel runs there in x's type; null means plain operators.</summary>
    public static KernelDevice? Of(Tensor x, Kernel kernel) => Of(x, x.dtype, kernel);

    /// <summary>Returns the same for a kernel in another type than that of <paramref name="x"/>.</summary>
    public static KernelDevice? Of(Tensor x, ScalarType type, Kernel kernel) =>
        LibTorch.HasCuda && x.device_type == DeviceType.CUDA && TypeIndex(type) >= 0 && x.device_index is 0 or -1
        && _cuda.Value is { } device && device.Has(kernel, type) ? device : null;

    /// <summary>Says whether the kernel can be launched; the first question compiles it.</summary>
    public bool Has(Kernel kernel, ScalarType type) => Function(kernel, type) != Refused;

    /// <summary>Launches the kernel on torch's current stream and does not wait for it.</summary>
    /// <exception cref="KernelException">The kernel was refused when it was loaded, or cannot be launched.</exception>
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

    /// <exception cref="KernelException">The kernel cannot be compiled or loaded.</exception>
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
            notice?.Invoke($"note: plain operators run in place of the kernels in {kernel.File}, which is slower: {e.Message}");
            return Refused;
        }
    }

    /// <summary>Says whether each tensor begins at an address from which sixteen bytes can be read at once.</summary>
    public static bool AreAligned(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            if (((nint)TensorMemory.PointerOf(tensor) & 15) != 0) return false;
        return true;
    }

    /// <summary>Returns how many numbers of the type sixteen bytes hold.</summary>
    public static int Lanes(ScalarType type) => type == ScalarType.Float32 ? 4 : 8;

    /// <summary>Returns the type's number as in common.cu; a negative number means that there are no kernels for the type.</summary>
    internal static int TypeIndex(ScalarType type) => type switch
    {
        ScalarType.Float32 => 0,
        ScalarType.BFloat16 => 1,
        ScalarType.Float16 => 2,
        _ => -1,
    };
}

/// <summary>This is thrown when a kernel cannot be compiled, loaded or launched.</summary>
sealed class KernelException(string message) : Exception(message);
