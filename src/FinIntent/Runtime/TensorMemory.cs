namespace FinIntent.Runtime;

/// <summary>Uses tensors as raw memory through libtorch's C interface: TorchSharp copies, ends at 2 GB or lacks 16-bit floats.</summary>
/// <remarks>https://github.com/pytorch/pytorch/blob/v2.10.0/torch/csrc/inductor/aoti_torch/c/shim.h</remarks>
static unsafe class TensorMemory
{
    static readonly nint Library = NativeLibrary.Load(LibTorch.PathOf(LibTorch.Folder, "torch_cpu"));

    static readonly delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int> FromBlob =
        (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)
        NativeLibrary.GetExport(Library, "aoti_torch_create_tensor_from_blob");

    static readonly delegate* unmanaged<nint, void**, int> DataPointer =
        (delegate* unmanaged<nint, void**, int>)NativeLibrary.GetExport(Library, "aoti_torch_get_data_ptr");

    /// <summary>Makes a CPU tensor over memory that the caller keeps until the tensor is disposed. Strides count elements.</summary>
    public static Tensor View(byte* memory, ScalarType type, ReadOnlySpan<long> shape, ReadOnlySpan<long> strides)
    {
        nint handle;
        int failed;
        fixed (long* sizes = shape)
        fixed (long* steps = strides)
            failed = FromBlob(memory, shape.Length, sizes, steps, 0, (int)type, (int)TorchSharp.DeviceType.CPU, 0, &handle);
        if (failed != 0)
            throw new InvalidOperationException($"libtorch cannot view memory as {type} [{string.Join(", ", shape.ToArray())}]");
        return Tensor.UnsafeCreateTensor(handle);
    }

    /// <summary>Returns the address of a tensor's first element. The caller keeps the tensor alive while the address is used.</summary>
    public static byte* PointerOf(Tensor tensor)
    {
        void* pointer;
        if (DataPointer(tensor.Handle, &pointer) != 0) throw new InvalidOperationException("libtorch gives no address for the tensor");
        return (byte*)pointer;
    }

    /// <summary>Returns the strides, in elements, of a contiguous tensor of this shape.</summary>
    public static long[] ContiguousStrides(ReadOnlySpan<long> shape)
    {
        var strides = new long[shape.Length];
        var step = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= Math.Max(1, shape[i]);
        }
        return strides;
    }
}
