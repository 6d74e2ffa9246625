using System.IO.MemoryMappedFiles;
using FinIntent.Files;
using FinIntent.Runtime;

namespace FinIntent.Checkpoints;

/// <summary>Reads a file of named tensors by memory mapping. It maps only the stretch that it copies, at most 64 MB.</summary>
/// <remarks>So neither opening nor reading costs resident memory beyond the tensors that are taken.</remarks>
abstract class TensorFile : IDisposable
{
    const long StretchBytes = 64 << 20;

    readonly FileStream _stream;
    readonly MemoryMappedFile _map;

    private protected TensorFile(string path, FileStream stream, MemoryMappedFile map, IReadOnlyDictionary<string, StoredTensor> tensors) =>
        (FilePath, _stream, _map, Tensors) = (path, stream, map, tensors);

    public string FilePath { get; }
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Returns a new CPU tensor of the stored type and shape, which the caller owns.</summary>
    public Tensor Read(string name)
    {
        var stored = Find(name);
        BeforeReading(name);
        var tensor = empty(stored.Shape.ToArray(), stored.Type, CPU);
        Copy(stored, tensor);
        return tensor;
    }

    /// <summary>Fills an existing tensor of the same shape, on any device, and converts to its element type.</summary>
    public void CopyTo(string name, Tensor target)
    {
        var stored = Find(name, target);
        BeforeReading(name);
        Copy(stored, target);
    }

    /// <summary>Returns where the tensor lies that is to fill <paramref name="target"/>.</summary>
    /// <exception cref="UserErrorException">There is none of that name, or it has another shape.</exception>
    internal StoredTensor Find(string name, Tensor target)
    {
        var stored = Find(name);
        return stored.Shape.SequenceEqual(target.shape)
            ? stored
            : throw new UserErrorException($"{FilePath}: {name} is [{string.Join(", ", stored.Shape)}] in the file but " +
                $"[{string.Join(", ", target.shape)}] in the model");
    }

    /// <summary>Reads a tensor's bytes as stored, from <paramref name="offset"/> within it; any thread may call it.</summary>
    internal void ReadChecked(string name, long offset, Span<byte> bytes)
    {
        BeforeReading(name);
        ReadBytes(Find(name).Offset + offset, bytes);
    }

    internal void ReadBytes(long offset, Span<byte> bytes)
    {
        for (int read = 0, count; read < bytes.Length; read += count)
        {
            count = RandomAccess.Read(_stream.SafeFileHandle, bytes[read..], offset + read);
            if (count == 0) throw new UserErrorException($"{FilePath}: the file was cut while it was read: it ends before byte " +
                $"{offset + bytes.Length}");
        }
    }

    public void Dispose()
    {
        _map.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Is a format's last check of a tensor's bytes; any thread may call it.</summary>
    private protected virtual void BeforeReading(string name) { }

    /// <summary>Opens a file for reading; the map owns the stream.</summary>
    private protected static (FileStream Stream, MemoryMappedFile Map) OpenMap(string path)
    {
        var stream = InputFile.Open(path);
        // An empty file cannot be mapped; it is also too short for either format.
        return stream.OrDispose(() => stream.Length > 0
            ? (stream, MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, false))
            : throw new UserErrorException($"{path}: byte 0: the file is empty; download or copy it again"));
    }

    StoredTensor Find(string name) => Tensors.TryGetValue(name, out var stored)
        ? stored
        : throw new UserErrorException($"{FilePath}: no tensor named {name} among its {Tensors.Count}");

    void Copy(StoredTensor stored, Tensor target)
    {
        if (stored.Count == 0) return;
        using var noGradient = no_grad();
        var shape = stored.Shape.ToArray();
        if (shape.Length == 0 || !stored.IsContiguous)
        {
            CopyStretch(stored, shape, stored.Offset, stored.Length, target);
            return;
        }
        var rowBytes = stored.Length / shape[0];
        var rowsAtOnce = Math.Max(1, StretchBytes / rowBytes);
        for (long row = 0, rows = shape[0]; row < rows; row += rowsAtOnce)
        {
            shape[0] = Math.Min(rowsAtOnce, rows - row);
            using var part = target.narrow(0, row, shape[0]);
            CopyStretch(stored, shape, stored.Offset + row * rowBytes, shape[0] * rowBytes, part);
        }
    }

    unsafe void CopyStretch(StoredTensor stored, long[] shape, long offset, long length, Tensor target)
    {
        using var view = _map.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
        byte* memory = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref memory);
        try
        {
            memory += view.PointerOffset;
            var misaligned = (nuint)memory % (nuint)ElementTypes.BytesOf(stored.Type) != 0;
            using var bytes = misaligned ? empty(length, ScalarType.Byte, CPU) : null;
            if (bytes is not null)
            {
                Buffer.MemoryCopy(memory, TensorMemory.PointerOf(bytes), length, length);
                memory = TensorMemory.PointerOf(bytes);
            }
            using var source = TensorMemory.View(memory, stored.Type, shape, stored.Strides.ToArray());
            target.copy_(source);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }
}
