using System.Runtime.ExceptionServices;
using FinIntent.Runtime;

namespace FinIntent.Checkpoints;

/// <summary>Names a tensor of a file and the tensor of its shape that it fills.</summary>
readonly record struct TensorCopy(TensorFile File, string Name, Tensor Target);

/// <summary>Fills tensors from files through chunks of pinned memory: while one is on its way, other threads read theirs.</summary>
/// <remarks>From pageable memory the driver would copy every byte once more, with a single thread.</remarks>
sealed class TensorStaging : IDisposable
{
    const int MostThreads = 16;
    const int DefaultChunkBytes = 8 << 20;

    readonly Tensor[] _buffers;
    readonly int _chunkBytes;

    public TensorStaging(int threads, int chunkBytes, bool isPinned)
    {
        _chunkBytes = chunkBytes;
        _buffers = new Tensor[threads];
        for (var i = 0; i < threads; i++)
        {
            var pageable = empty(chunkBytes, ScalarType.Byte, CPU);
            _buffers[i] = (isPinned ? pageable.pin_memory() : pageable).DetachFromDisposeScope();
            if (isPinned) pageable.Dispose();
        }
    }

    /// <summary>Takes at most 128 MiB of pinned memory, one chunk a core.</summary>
    public static TensorStaging ForCuda() => new(Math.Clamp(Environment.ProcessorCount, 2, MostThreads), DefaultChunkBytes, isPinned: true);

    /// <summary>Copies all and returns when it is done. Several copies are under way at once, in order of the list.</summary>
    /// <exception cref="UserErrorException">A tensor is missing, of another shape or damaged; targets may hold anything.</exception>
    public void Copy(IEnumerable<TensorCopy> copies)
    {
        var chunks = copies.SelectMany(Cut).ToList();
        var next = -1;
        lock (_buffers)
        {
            try
            {
                Parallel.For(0, Math.Min(_buffers.Length, chunks.Count), (worker, state) =>
                {
                    using var noGradient = no_grad(); // this is a thread's own setting
                    for (int i; !state.IsExceptional && (i = Interlocked.Increment(ref next)) < chunks.Count;)
                        chunks[i].Send(_buffers[worker]);
                });
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }
        }
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }

    IEnumerable<Chunk> Cut(TensorCopy copy)
    {
        var stored = copy.File.Find(copy.Name, copy.Target);
        if (stored.Count == 0) yield break;
        var rows = stored.Shape.Count == 0 ? 1 : stored.Shape[0];
        var rowBytes = stored.Length / rows;
        if (!stored.IsContiguous || rowBytes > _chunkBytes)
        {
            yield return new(copy, stored, 0, 0);
            yield break;
        }
        var rowsAtOnce = _chunkBytes / rowBytes;
        for (var row = 0L; row < rows; row += rowsAtOnce) yield return new(copy, stored, row, Math.Min(rowsAtOnce, rows - row));
    }

    /// <summary>Holds some rows of a tensor; no rows mean the whole tensor, which cannot be cut into chunks.</summary>
    sealed record Chunk(TensorCopy Copy, StoredTensor Stored, long Row, long Rows)
    {
        public unsafe void Send(Tensor buffer)
        {
            var (file, name, target) = Copy;
            if (Rows == 0)
            {
                file.CopyTo(name, target);
                return;
            }
            long[] shape = [.. Stored.Shape];
            if (shape.Length > 0) shape[0] = Rows;
            var bytes = shape.Aggregate((long)ElementTypes.BytesOf(Stored.Type), (product, size) => product * size);
            var memory = TensorMemory.PointerOf(buffer);
            file.ReadChecked(name, bytes / Rows * Row, new Span<byte>(memory, (int)bytes));

            using var source = TensorMemory.View(memory, Stored.Type, shape, TensorMemory.ContiguousStrides(shape));
            using var part = shape.Length == 0 ? target.alias() : target.narrow(0, Row, Rows);
            // A copy to another type would be converted here, by one thread, and go to the device from pageable memory.
            using var arrived = source.dtype == part.dtype ? null : source.to(part.device);
            part.copy_(arrived ?? source);
        }
    }
}
