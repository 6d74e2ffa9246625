namespace FinIntent.Runtime;

/// <summary>Sends lists of whole numbers to a device in one copy, and keeps them there until it is disposed.</summary>
sealed class NumberUpload : IDisposable
{
    readonly List<long> _numbers = [];
    readonly List<List> _lists = [];

    /// <summary>This is one of the lists.</summary>
    public sealed class List
    {
        internal required int Start { get; init; }
        internal required int Length { get; init; }
        internal required ScalarType Type { get; init; }

        /// <summary>The list on the device, once all are sent.</summary>
        public Tensor Tensor { get; internal set; } = null!;
    }

    /// <summary>Adds a list that is sent as int64.</summary>
    public List Add(ReadOnlySpan<long> values)
    {
        var list = new List { Start = _numbers.Count, Length = values.Length, Type = ScalarType.Int64 };
        _numbers.AddRange(values);
        _lists.Add(list);
        return list;
    }

    /// <summary>Adds a list that is sent as int32, two numbers in the room of an int64.</summary>
    public List Add(ReadOnlySpan<int> values)
    {
        var list = new List { Start = _numbers.Count, Length = values.Length, Type = ScalarType.Int32 };
        var pairs = new long[(values.Length + 1) / 2];
        values.CopyTo(MemoryMarshal.Cast<long, int>(pairs.AsSpan()));
        _numbers.AddRange(pairs);
        _lists.Add(list);
        return list;
    }

    /// <summary>Sends all lists and gives each its tensor, which belongs to no dispose scope.</summary>
    public unsafe void Send(Device device)
    {
        using var scope = NewDisposeScope();
        var host = empty(_numbers.Count, dtype: ScalarType.Int64);
        CollectionsMarshal.AsSpan(_numbers).CopyTo(new((long*)TensorMemory.PointerOf(host), _numbers.Count));
        // The memory is pinned, so that nobody waits for the device; libtorch keeps it until the copy is done.
        var sent = device.type == DeviceType.CPU ? host : host.pin_memory().to(device, non_blocking: true);
        foreach (var list in _lists) list.Tensor = PartOf(sent, list).DetachFromDisposeScope();
    }

    public void Dispose() => _lists.ForEach(list => list.Tensor.Dispose());

    static Tensor PartOf(Tensor sent, List list)
    {
        if (list.Type == ScalarType.Int64) return sent.narrow(0, list.Start, list.Length);
        using var scope = NewDisposeScope();
        var room = sent.narrow(0, list.Start, (list.Length + 1) / 2);
        return Aten.Call("aten::view", "dtype", 1, room, (long)ScalarType.Int32)[0].narrow(0, 0, list.Length).MoveToOuterDisposeScope();
    }
}
