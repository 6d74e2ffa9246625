using FinIntent.Kernels;
using FinIntent.Runtime;
using static TorchSharp.torch.nn;

namespace FinIntent.Models;

/// <summary>Holds the places from (inclusive) to (exclusive) of a batch whose rows use one adapter.</summary>
readonly record struct AdapterSegment(int From, int To, AdapterFactors Adapter)
{
    public int Length => To - From;
}

/// <summary>Holds the segments of all places of a batch, or of its outputs, and what a GPU must know of them.</summary>
/// <param name="rows">The number of places; those in no segment use no adapter.</param>
sealed class AdapterSegments(IReadOnlyList<AdapterSegment> segments, int rows)
{
    IReadOnlyList<(int From, int To, int Seat)> _seated = [];
    NumberUpload.List? _ends, _tiles;
    int _adaptedTiles, _allTiles;

    public IReadOnlyList<AdapterSegment> All => segments;

    /// <summary>Where the adapters have their seats; null on a CPU.</summary>
    public AdapterRoom? Room { get; } = segments[0].Adapter.Room;

    /// <summary>Adds what the device needs to the numbers that are sent there with the batch.</summary>
    internal void AddTo(NumberUpload numbers)
    {
        if (Room is null) return;
        _seated = [.. segments.Select(s => (s.From, s.To, Room.SeatOf(s.Adapter)))];
        if (AreInOrder()) _ends = numbers.Add(Ends());
        (var tiles, _adaptedTiles, _allTiles) = FactorRows.TilesOf(_seated, rows);
        _tiles = numbers.Add(CollectionsMarshal.AsSpan(tiles));
    }

    /// <summary>Says whether the segments stand first, one behind another, in the order of their seats.</summary>
    bool AreInOrder()
    {
        var (place, seat) = (0, -1);
        foreach (var segment in _seated)
        {
            if (segment.From != place || segment.Seat <= seat) return false;
            (place, seat) = (segment.To, segment.Seat);
        }
        return true;
    }

    /// <summary>Returns where the rows of each seat end; a seat without rows ends where the one before does.</summary>
    int[] Ends()
    {
        var ends = new int[Room!.Seats];
        foreach (var (_, to, seat) in _seated) ends[seat] = to;
        for (var seat = 1; seat < ends.Length; seat++) ends[seat] = Math.Max(ends[seat], ends[seat - 1]);
        return ends;
    }

    /// <summary>Returns x [T, in] times the factors of the rows' seats, [T', P · R]; T' ends with the segments.</summary>
    internal Tensor Low(Tensor x, Tensor factors)
    {
        var length = segments.Max(s => s.To);
        if (_ends is not null && x.narrow(0, 0, length) is var adapted && GroupedProduct.Takes(adapted, factors))
            return GroupedProduct.Of(adapted, factors, _ends.Tensor);
        var low = empty([length, factors.shape[1]], dtype: x.dtype, device: x.device);
        foreach (var (from, to, seat) in _seated)
            low.narrow(0, from, to - from).copy_(functional.linear(x.narrow(0, from, to - from), factors[seat]));
        return low;
    }

    internal FactorRows RowsOf(IReadOnlyList<int> outputs) => new(_seated, _tiles!.Tensor, _adaptedTiles, _allTiles, outputs);
}

/// <summary>Says which places of a batch use which adapter. Rows of one adapter lie together; rows without one lie in no segment.</summary>
/// <param name="places">The segments of all places.</param>
/// <param name="outputs">The segments of the places whose output is wanted: the last layer goes on with these alone.</param>
sealed class RowAdapters(AdapterSegments places, AdapterSegments outputs)
{
    /// <summary>Returns the adapters of one group of a layer, at all places or at those behind attention in the last layer.</summary>
    internal GroupAdapters Of(int layer, int group, bool areOutputs) => new(areOutputs ? outputs : places, layer, group);

    /// <summary>Returns null where no row has an adapter. On a GPU the adapters are brought there.</summary>
    /// <param name="contexts">What each row stands on.</param>
    /// <param name="starts">Where the places of the rows' adapters begin, in the order of <see cref="RunsOf"/>.</param>
    /// <param name="outputRows">The row of each output; null means that all places are outputs.</param>
    /// <param name="numbers">Takes what the device must know of the rows.</param>
    /// <exception cref="ArgumentException">Rows, or outputs, of one adapter do not lie next to one another.</exception>
    public static RowAdapters? Of(
        IReadOnlyList<RowContext>? contexts, int[] starts, IReadOnlyList<int>? outputRows, NumberUpload numbers)
    {
        if (contexts is null || contexts.All(c => c.Adapter is null)) return null;
        var runs = RunsOf(contexts);
        InOrder(contexts.Select(c => c.Adapter));
        var places = Segments(runs.Select((run, i) => (contexts[run.First].Adapter, starts[i + 1] - starts[i])));
        var outputs = outputRows is null ? places : Segments(Counted(outputRows.Select(row => contexts[row].Adapter)));
        places.AddTo(numbers);
        if (outputs != places) outputs.AddTo(numbers);
        return new(places, outputs);
    }

    /// <summary>Returns the different adapters in the order in which their rows are best laid. On a GPU they are brought there.</summary>
    public static IReadOnlyList<AdapterFactors?> InOrder(IEnumerable<AdapterFactors?> adapters)
    {
        List<AdapterFactors?> different = [.. adapters.Distinct()];
        List<AdapterFactors> some = [.. different.OfType<AdapterFactors>()];
        if (some.Count == 0 || some[0].Room is not { } room) return different;
        room.Seat(some);
        return [.. different.OrderBy(adapter => adapter is null ? int.MaxValue : room.SeatOf(adapter))];
    }

    /// <summary>Returns the runs of rows that use one adapter.</summary>
    public static IReadOnlyList<(int First, int Count)> RunsOf(IReadOnlyList<RowContext> contexts)
    {
        List<(int First, int Count)> runs = [];
        foreach (var (_, count) in Counted(contexts.Select(c => c.Adapter)))
            runs.Add((runs.Count == 0 ? 0 : runs[^1].First + runs[^1].Count, count));
        return runs;
    }

    static List<(AdapterFactors? Adapter, int Count)> Counted(IEnumerable<AdapterFactors?> adapters)
    {
        List<(AdapterFactors? Adapter, int Count)> runs = [];
        foreach (var adapter in adapters)
        {
            if (runs.Count > 0 && ReferenceEquals(runs[^1].Adapter, adapter)) runs[^1] = (adapter, runs[^1].Count + 1);
            else if (runs.Any(run => ReferenceEquals(run.Adapter, adapter)))
                throw new ArgumentException("rows and outputs of one adapter lie next to one another in a batch");
            else runs.Add((adapter, 1));
        }
        return runs;
    }

    static AdapterSegments Segments(IEnumerable<(AdapterFactors? Adapter, int Count)> runs)
    {
        List<AdapterSegment> segments = [];
        var from = 0;
        foreach (var (adapter, count) in runs)
        {
            if (adapter is not null) segments.Add(new(from, from + count, adapter));
            from += count;
        }
        return new(segments, from);
    }
}

/// <summary>Is what the adapters of a batch's rows do to one group of linears.</summary>
readonly struct GroupAdapters(AdapterSegments segments, int layer, int group)
{
    /// <summary>Returns y [T, Σout] with what each segment's adapter adds to it for x [T, in], maybe not added up yet.</summary>
    internal LowRankSum AddTo(Tensor x, Tensor y)
    {
        if (segments.Room is { } room) return FromSeats(room, x, y);
        foreach (var segment in segments.All)
        {
            if (segment.Adapter.Of(layer, group) is not { } factors) continue;
            using var scope = NewDisposeScope();
            if (segment.Length == x.shape[0]) Add(x, y, factors);
            else AddPart(x.narrow(0, segment.From, segment.Length), y.narrow(0, segment.From, segment.Length), factors);
        }
        return new(y);
    }

    LowRankSum FromSeats(AdapterRoom room, Tensor x, Tensor y)
    {
        var (number, place) = (group, layer);
        if (!segments.All.Any(segment => segment.Adapter.Changes(place, number))) return new(y);
        var (a, b) = room.Of(layer, group);
        return new(y, segments.Low(x, a), b, Rows: segments.RowsOf(room.Layout[layer, group].Outputs));
    }

    static void Add(Tensor x, Tensor y, GroupFactors factors) => y.addmm_(functional.linear(x, factors.A), factors.B, 1, 1);

    /// <summary>Fills few rows up to fours for every thread of a CPU: products of fewer add up in another order (docs/log.md), and a
    /// row's bits must not depend on how many others use its adapter.</summary>
    static void AddPart(Tensor x, Tensor y, GroupFactors factors)
    {
        var missing = x.device_type == DeviceType.CPU ? 4 * get_num_threads() - x.shape[0] : 0;
        if (missing <= 0)
        {
            Add(x, y, factors);
            return;
        }
        var filled = cat([y, y.narrow(0, 0, 1).expand(missing, -1)]);
        Add(cat([x, x.narrow(0, 0, 1).expand(missing, -1)]), filled, factors);
        y.copy_(filled.narrow(0, 0, y.shape[0]));
    }
}
