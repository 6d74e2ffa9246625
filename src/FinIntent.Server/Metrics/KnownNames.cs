using System.Collections.Concurrent;
using FinIntent.Classification;

namespace FinIntent.Server.Metrics;

/// <summary>Bounds the values of labels: what a caller writes never becomes one.</summary>
/// <remarks>
/// A name stays known once it was served, because a version that is replaced or removed still ends its requests. May be used from any
/// thread.
/// </remarks>
sealed class KnownNames
{
    public const string Other = "other", None = "none", Abstain = "abstain";

    /// <summary>More routes, adapters, or labels of one adapter than these are "other".</summary>
    public const int MostRoutes = 64, MostAdapters = 1024, MostLabels = 2048;

    static readonly string[] Codes = [.. Enumerable.Range(0, 600).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    readonly ConcurrentDictionary<string, string> _routes = new();
    readonly ConcurrentDictionary<string, ConcurrentDictionary<string, string>> _adapters = new();

    /// <summary>Makes an adapter and its labels known and returns those labels that were not.</summary>
    public IReadOnlyList<string> Add(string adapter, IEnumerable<string> labels)
    {
        lock (_adapters)
        {
            if (!_adapters.TryGetValue(adapter, out var known))
            {
                if (_adapters.Count == MostAdapters) return [];
                _adapters[adapter] = known = new();
            }
            return [.. labels.Where(label => known.Count < MostLabels && known.TryAdd(label, label))];
        }
    }

    public string Adapter(string? name) => name is null ? None : _adapters.ContainsKey(name) ? name : Other;

    /// <param name="adapter">What <see cref="Adapter"/> returned.</param>
    public string Label(string adapter, string label) =>
        _adapters.TryGetValue(adapter, out var labels) && labels.TryGetValue(label, out var known) ? known : Other;

    public string Route(string? template)
    {
        if (template is null) return Other;
        if (_routes.TryGetValue(template, out var known)) return known;
        lock (_routes) return _routes.Count == MostRoutes ? Other : _routes.GetOrAdd(template, template);
    }

    /// <summary>Returns a status as a label without an allocation.</summary>
    public static string Code(int code) => code >= 0 && code < Codes.Length ? Codes[code] : Other;

    public static string Of(RejectionReason reason) => reason switch
    {
        RejectionReason.QueueFull => "queue_full",
        RejectionReason.TooLong => "too_long",
        RejectionReason.Rate => "rate",
        RejectionReason.Draining => "draining",
        RejectionReason.Deadline => "deadline",
        RejectionReason.Auth => "auth",
        _ => throw new UnreachableException(),
    };

    public static string Of(AdapterChange change) => change switch
    {
        AdapterChange.Put => "put",
        AdapterChange.Replaced => "replaced",
        AdapterChange.Removed => "removed",
        _ => throw new UnreachableException(),
    };

    public static string Of(AbstentionReason reason) => reason switch
    {
        AbstentionReason.LowProbability => "low_probability",
        AbstentionReason.OutOfScope => "out_of_scope",
        _ => throw new UnreachableException(),
    };
}
