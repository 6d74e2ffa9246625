using FinIntent.Server.Errors;

namespace FinIntent.Server.Serving;

/// <summary>
/// Holds what the server answers with: the model, and adapters that come and go while requests run. Any thread may use it.
/// </summary>
/// <remarks>A request takes a lease on a version and ends with it, even if the version is replaced meanwhile; a version that is out and no
/// longer leased is retired once.</remarks>
/// <param name="own">The model as loaded.</param>
/// <param name="retire">Frees what a version held.</param>
sealed class ServedModels(ServedVersion own, Action<ServedVersion> retire)
{
    readonly Lock _lock = new();
    readonly Dictionary<string, Slot> _adapters = new(StringComparer.Ordinal);
    readonly Slot _own = new(own);
    readonly Action<ServedVersion> _retire = retire;

    internal sealed class Slot(ServedVersion version)
    {
        public ServedVersion Version => version;
        public int Leases { get; set; }
        public bool IsOut { get; set; }
    }

    /// <summary>The model as loaded.</summary>
    public ServedVersion Own => own;

    /// <summary>The model and the adapters, these in the order of their names.</summary>
    public IReadOnlyList<ServedVersion> All
    {
        get
        {
            lock (_lock) return [own, .. _adapters.Values.Select(slot => slot.Version).OrderBy(v => v.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>The number of adapters.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _adapters.Count;
        }
    }

    /// <summary>The version that answers requests which name none: the model if it was taught intents, else the only adapter.</summary>
    ServedVersion? Default => own.Taught is not null ? own : _adapters.Count == 1 ? _adapters.Values.First().Version : null;

    /// <summary>Takes a version to answer with; disposing the lease gives it back.</summary>
    /// <param name="name">The model's or an adapter's name, with @version behind it where only that one will do; null: whichever knows
    /// intents.</param>
    /// <exception cref="ServerError">404: there is none of that name.</exception>
    public Lease Take(string? name)
    {
        lock (_lock)
        {
            var slot = string.IsNullOrEmpty(name) ? SlotOf(Default ?? (_adapters.Count == 0 ? own : throw NoDefault())) : Find(name);
            slot.Leases++;
            return new(this, slot);
        }
    }

    /// <summary>Returns what is served under a name now; null where nothing is.</summary>
    public ServedVersion? Get(string name)
    {
        lock (_lock) return name == own.Name ? own : _adapters.GetValueOrDefault(name)?.Version;
    }

    Slot SlotOf(ServedVersion version) => ReferenceEquals(version, own) ? _own : _adapters[version.Name];

    Slot Find(string name)
    {
        var at = name.LastIndexOf('@');
        var slot = name == own.Name || name == own.Id ? _own
            : _adapters.GetValueOrDefault(name) ?? (at > 0 ? _adapters.GetValueOrDefault(name[..at]) : null);
        if (slot is null || (at > 0 && slot.Version.Name != name && slot.Version.Id != name))
            throw ServerError.NotFound($"there is no model \"{Shown(name)}\"; served are " +
                $"{string.Join(", ", _adapters.Keys.Order(StringComparer.Ordinal).Prepend(own.Name))}", "model", "model_not_found");
        return slot;
    }

    ServerError NoDefault() => ServerError.BadRequest(
        $"the model itself was taught no intents; name an adapter: {string.Join(", ", _adapters.Keys.Order(StringComparer.Ordinal))}",
        "model", "model_needed");

    static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";

    /// <summary>Serves an adapter from now on, and returns the version that it replaces, null where it is new.</summary>
    public ServedVersion? Put(ServedVersion version)
    {
        Slot? old;
        lock (_lock)
        {
            old = _adapters.GetValueOrDefault(version.Name);
            _adapters[version.Name] = new(version);
        }
        TakeOut(old);
        return old?.Version;
    }

    /// <summary>Serves an adapter no more, and returns it; null where there was none.</summary>
    public ServedVersion? Remove(string name)
    {
        Slot? old;
        lock (_lock) _adapters.Remove(name, out old);
        TakeOut(old);
        return old?.Version;
    }

    void TakeOut(Slot? slot)
    {
        if (slot is null) return;
        bool isFree;
        lock (_lock)
        {
            slot.IsOut = true;
            isFree = slot.Leases == 0;
        }
        if (isFree) _retire(slot.Version);
    }

    /// <summary>Is a request's hold on a version.</summary>
    public sealed class Lease : IDisposable
    {
        readonly ServedModels _of;
        Slot? _slot;

        internal Lease(ServedModels of, Slot slot)
        {
            (_of, _slot) = (of, slot);
            Version = slot.Version;
        }

        public ServedVersion Version { get; }

        public void Dispose()
        {
            bool isLast;
            lock (_of._lock)
            {
                if (_slot is not { } slot) return;
                _slot = null;
                isLast = --slot.Leases == 0 && slot.IsOut;
            }
            if (isLast) _of._retire(Version);
        }
    }
}
