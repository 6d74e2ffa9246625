namespace FinIntent.Runtime;

/// <summary>Calls any ATen operator by name, also one that TorchSharp does not wrap. Autograd records these calls like any other.</summary>
/// <remarks>It uses libtorch's stable C function aoti_torch_call_dispatcher (torch/csrc/inductor/aoti_torch/c/shim.h).</remarks>
static unsafe class Aten
{
    /// <summary>Calls an operator with every argument of its schema, in order; returns as many results as the schema has.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The device has no room for what the operator would make.</exception>
    /// <exception cref="InvalidOperationException">The operator is unknown, or it threw (before libtorch 2.13 it prints why).</exception>
    public static Tensor[] Call(string name, string overload, int results, params ReadOnlySpan<AtenArgument> arguments)
    {
        Span<ulong> stack = stackalloc ulong[Math.Max(arguments.Length, results)];
        for (var i = 0; i < arguments.Length; i++) stack[i] = arguments[i].Cell(Api);
        int code;
        fixed (byte* op = Encoding.UTF8.GetBytes(name + '\0'), variant = Encoding.UTF8.GetBytes(overload + '\0'))
        fixed (ulong* cells = stack)
            code = Api.CallDispatcher(op, variant, cells);
        if (code != 0) throw Failure(name, arguments);

        var tensors = new Tensor[results];
        for (var i = 0; i < results; i++) tensors[i] = Tensor.UnsafeCreateTensor((nint)stack[i]);
        return tensors;
    }

    static Exception Failure(string name, ReadOnlySpan<AtenArgument> arguments)
    {
        var message = $"the operator {name} failed with {arguments.Length} arguments";
        if (Api.LastError is not null)
        {
            message += $": {Marshal.PtrToStringUTF8((nint)Api.LastError())}";
            return DeviceMemory.IsExhausted(message) ? new OutOfDeviceMemoryException(message) : new InvalidOperationException(message);
        }

        // The operator wrote its reason to the error stream. Results and workspaces are about as large as the arguments: no room for twice
        // those means no memory.
        long bytes = 0;
        (long Free, long Total)? memory = null;
        foreach (var argument in arguments)
        {
            if (argument.Tensor is not { } tensor) continue;
            bytes += tensor.numel() * tensor.element_size();
            memory ??= DeviceMemory.Of(tensor.device);
        }
        return memory is var (free, _) && free < 2 * bytes + LeastWorkspace
            ? new OutOfDeviceMemoryException(message) : new InvalidOperationException(message);
    }

    const long LeastWorkspace = 256 << 20;

    static Exports Api => field ??= new(LibTorch.CpuLibrary);

    /// <summary>This class holds the exports of libtorch_cpu that are used here.</summary>
    internal sealed class Exports(nint library)
    {
        public readonly delegate* unmanaged<byte*, byte*, ulong*, int> CallDispatcher =
            (delegate* unmanaged<byte*, byte*, ulong*, int>)NativeLibrary.GetExport(library, "aoti_torch_call_dispatcher");

        public readonly delegate* unmanaged<nint, nint*, int> NewTensorHandle =
            (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(library, "aoti_torch_new_tensor_handle");

        /// <summary>This function returns the text of this thread's last failure; it is null before libtorch 2.13.</summary>
        public readonly delegate* unmanaged<byte*> LastError =
            NativeLibrary.TryGetExport(library, "torch_exception_get_what_without_backtrace", out var what)
                ? (delegate* unmanaged<byte*>)what : null;
    }
}

/// <summary>One argument on the dispatcher's stack is 8 bytes, or a pointer to 8 bytes for an optional that is present.</summary>
readonly unsafe struct AtenArgument
{
    readonly ulong _bits;
    readonly Tensor? _tensor;
    readonly bool _isOptional;

    AtenArgument(ulong bits, Tensor? tensor, bool isOptional) => (_bits, _tensor, _isOptional) = (bits, tensor, isOptional);

    internal Tensor? Tensor => _tensor;

    /// <summary>This stands for an optional argument that is absent.</summary>
    public static AtenArgument None => default;

    public static implicit operator AtenArgument(Tensor tensor) => new(0, tensor, false);
    public static implicit operator AtenArgument(double value) => new(BitConverter.DoubleToUInt64Bits(value), null, false);
    public static implicit operator AtenArgument(long value) => new((ulong)value, null, false);
    public static implicit operator AtenArgument(bool value) => new(value ? 1u : 0u, null, false);

    /// <summary>Makes an optional argument that is present.</summary>
    public static AtenArgument Some(Tensor tensor) => new(0, tensor, true);

    /// <summary>Makes an optional argument that is present: a whole number, or the number of a ScalarType.</summary>
    public static AtenArgument Some(long value) => new((ulong)value, null, true);

    public static AtenArgument Some(double value) => new(BitConverter.DoubleToUInt64Bits(value), null, true);

    internal ulong Cell(Aten.Exports api)
    {
        var bits = _bits;
        if (_tensor is not null)
        {
            nint handle; // the callee consumes it
            if (api.NewTensorHandle(_tensor.Handle, &handle) != 0) throw new InvalidOperationException("no handle for a tensor argument");
            bits = (ulong)handle;
        }
        if (!_isOptional) return bits;
        var cell = (ulong*)NativeMemory.Alloc(sizeof(ulong)); // the callee frees it
        *cell = bits;
        return (ulong)cell;
    }
}
