using FinIntent.Kernels;

namespace FinIntent.Models;

/// <summary>Holds the places from (inclusive) to (exclusive) of a batch whose rows use one adapter.</summary>
readonly record struct AdapterSegment(int From, int To, AdapterFactors Adapter)
{
    public int Length => To - From;
}

/// <summary>Says which places of a batch use which adapter. Rows of one adapter lie together; rows without one lie in no segment.</summary>
/// <param name="places">The segments of all places.</param>
/// <param name="outputs">The segments of the places whose output is wanted: the last layer goes on with these alone.</param>
sealed class RowAdapters(IReadOnlyList<AdapterSegment> places, IReadOnlyList<AdapterSegment> outputs)
{
    public IReadOnlyList<AdapterSegment> Places => places;

    /// <summary>Returns the adapters of one group of a layer, at all places or at those behind attention in the last layer.</summary>
    internal GroupAdapters Of(int layer, int group, bool areOutputs) => new(areOutputs ? outputs : places, layer, group);

    /// <summary>Returns null where no row has an adapter.</summary>
    /// <param name="contexts">What each row stands on.</param>
    /// <param name="starts">Where the places of the rows' adapters begin, in the order of <see cref="RunsOf"/>.</param>
    /// <param name="outputRows">The row of each output; null means that all places are outputs.</param>
    /// <exception cref="ArgumentException">Rows, or outputs, of one adapter do not lie next to one another.</exception>
    public static RowAdapters? Of(IReadOnlyList<RowContext>? contexts, int[] starts, IReadOnlyList<int>? outputRows)
    {
        if (contexts is null || contexts.All(c => c.Adapter is null)) return null;
        var runs = RunsOf(contexts);
        var places = Segments(runs.Select((run, i) => (contexts[run.First].Adapter, starts[i + 1] - starts[i])));
        return new(places, outputRows is null ? places : Segments(Counted(outputRows.Select(row => contexts[row].Adapter))));
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

    static List<AdapterSegment> Segments(IEnumerable<(AdapterFactors? Adapter, int Count)> runs)
    {
        List<AdapterSegment> segments = [];
        var from = 0;
        foreach (var (adapter, count) in runs)
        {
            if (adapter is not null) segments.Add(new(from, from + count, adapter));
            from += count;
        }
        return segments;
    }
}

/// <summary>Is what the adapters of a batch's rows do to one group of linears.</summary>
readonly struct GroupAdapters(IReadOnlyList<AdapterSegment> segments, int layer, int group)
{
    /// <summary>Adds each segment's low-rank product of x [T, in] to y [T, Σout], in place.</summary>
    internal LowRankSum AddTo(Tensor x, Tensor y)
    {
        foreach (var segment in segments)
        {
            if (segment.Adapter.Of(layer, group) is not { } factors) continue;
            using var scope = NewDisposeScope();
            if (segment.Length == x.shape[0]) Add(x, y, factors);
            else AddPart(x.narrow(0, segment.From, segment.Length), y.narrow(0, segment.From, segment.Length), factors);
        }
        return new(y);
    }

    static void Add(Tensor x, Tensor y, GroupFactors factors) => y.addmm_(nn.functional.linear(x, factors.A), factors.B, 1, 1);

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
