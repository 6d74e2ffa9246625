using System.Diagnostics.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>Says 1 for each adapter and device now, and 0 for those named before, as a gauge would keep its last value.</summary>
sealed class Residency(KnownNames names)
{
    readonly HashSet<(string Adapter, string Device)> _seen = [];

    public IReadOnlyList<Measurement<long>> Of(IEnumerable<(string Adapter, string Device)> loaded)
    {
        var now = loaded.Select(pair => (names.Adapter(pair.Adapter), pair.Device)).ToHashSet();
        lock (_seen)
        {
            _seen.UnionWith(now);
            return [.. _seen.Select(pair => new Measurement<long>(now.Contains(pair) ? 1 : 0,
                new KeyValuePair<string, object?>("adapter", pair.Adapter), new("device", pair.Device)))];
        }
    }
}
