using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace FinIntent.Runtime;

/// <summary>
/// Calls any ATen operator by name, those TorchSharp does not wrap too, through libtorch's stable C function aoti_torch_call_dispatcher
/// (torch/csrc/inductor/aoti_torch/c/shim.h). Autograd records these calls like any other.
/// </summary>
static unsafe class Aten
{
    /// <summary>Calls <paramref name="name"/>; arguments in the schema's order, all of them. Returns as many results as the schema has.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no room for what it would make.</exception>
    /// <exception cref="InvalidOperationException">The operator threw (before libtorch 2.13 it prints why), or is unknown.</exception>
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

        // What the operator said went to the error stream. Results and workspaces are about as large as the arguments: when there is no room
        // for twice those, that is why.
        long bytes = 0;
        (long Free, long Total)? memory = null;
        foreach (var argument in arguments)
        {
            if (argument.Tensor is not { } tensor) continue;
            bytes += tensor.numel() * tensor.element_size();
            memory ??= DeviceMemory.Of(tensor.device);
        }
        return memory is var (free, _) && free < 2 * bytes + LeastWorkspace ? new OutOfDeviceMemoryException(message) : new InvalidOperationException(message);
    }

    const long LeastWorkspace = 256 << 20;

    static Exports Api => field ??= new(LibTorch.CpuLibrary);

    /// <summary>The exports of libtorch_cpu used here.</summary>
    internal sealed class Exports(nint library)
    {
        public readonly delegate* unmanaged<byte*, byte*, ulong*, int> CallDispatcher =
            (delegate* unmanaged<byte*, byte*, ulong*, int>)NativeLibrary.GetExport(library, "aoti_torch_call_dispatcher");

        public readonly delegate* unmanaged<nint, nint*, int> NewTensorHandle =
            (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(library, "aoti_torch_new_tensor_handle");

        /// <summary>What the last failure of this thread said; null before libtorch 2.13.</summary>
        public readonly delegate* unmanaged<byte*> LastError =
            NativeLibrary.TryGetExport(library, "torch_exception_get_what_without_backtrace", out var what) ? (delegate* unmanaged<byte*>)what : null;
    }
}

/// <summary>One argument on the dispatcher's stack: 8 bytes, or a pointer to 8 bytes for an optional that is present.</summary>
readonly unsafe struct AtenArgument
{
    readonly ulong _bits;
    readonly Tensor? _tensor;
    readonly bool _isOptional;

    AtenArgument(ulong bits, Tensor? tensor, bool isOptional)
    {
        _bits = bits;
        _tensor = tensor;
        _isOptional = isOptional;
    }

    internal Tensor? Tensor => _tensor;

    /// <summary>An absent optional.</summary>
    public static AtenArgument None => default;

    public static implicit operator AtenArgument(Tensor tensor) => new(0, tensor, false);

    public static implicit operator AtenArgument(double value) => new(BitConverter.DoubleToUInt64Bits(value), null, false);

    public static implicit operator AtenArgument(long value) => new((ulong)value, null, false);

    public static implicit operator AtenArgument(bool value) => new(value ? 1u : 0u, null, false);

    /// <summary>A present optional.</summary>
    public static AtenArgument Some(Tensor tensor) => new(0, tensor, true);

    /// <summary>A whole number, or the number of a ScalarType.</summary>
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
