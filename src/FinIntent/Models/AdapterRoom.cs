namespace FinIntent.Models;

/// <summary>Keeps the factors of adapters on a GPU beside the model, each in a seat of one tensor; others wait in host memory.</summary>
/// <remarks>Only the thread that computes uses it. A seat is taken over in the order of the device's work: nobody waits.</remarks>
sealed class AdapterRoom(CausalLanguageModel model) : IDisposable
{
    const int SeatsAtFirst = 4;

    AdapterFactors?[] _seated = [];
    long[] _uses = [];
    long _use;
    Tensor? _flat;
    AdapterLayout? _layout;
    (Tensor A, Tensor B)[][] _views = [];

    /// <summary>Says whether adapters need seats: on a GPU. It is set before the first adapter is loaded, if ever.</summary>
    internal bool IsUsed { get; set; } = model.Placement.Device.type == DeviceType.CUDA;

    /// <summary>The most adapters that stay on the device; a batch with more of them has them all there while it runs.</summary>
    public int MaxLoaded { get; set; } = 64;

    /// <summary>How many adapters were brought to the device so far.</summary>
    public long Loads { get; private set; }

    /// <summary>How many are there now.</summary>
    public int Loaded => _seated.Count(adapter => adapter is not null);

    /// <summary>The number of seats.</summary>
    public int Seats => _seated.Length;

    /// <summary>The bytes that the seats take on the device.</summary>
    public long Bytes => _flat is { } flat ? flat.numel() * flat.element_size() : 0;
    internal AdapterLayout Layout => _layout!;

    /// <summary>The numbers between one seat's factors and the next one's.</summary>
    internal long SeatLength => Layout.Length;

    /// <summary>Returns all seats' factors of a group, A [S, P · R, in] and B [S, R, Σout]; the room owns them.</summary>
    internal (Tensor A, Tensor B) Of(int layer, int group) => _views[layer][group];

    internal int SeatOf(AdapterFactors adapter) => Array.IndexOf(_seated, adapter);

    /// <summary>Brings adapters to the device that are to be used in one batch; the least recently used others make room.</summary>
    public void Seat(IReadOnlyCollection<AdapterFactors> adapters)
    {
        using var _ = no_grad();
        _use++;
        MakeRoomFor(adapters);
        foreach (var adapter in adapters)
            if (SeatOf(adapter) is var seat and >= 0) _uses[seat] = _use;
        foreach (var adapter in adapters.Where(a => SeatOf(a) < 0))
        {
            var seat = FreeSeat();
            Put(adapter, seat);
            (_seated[seat], _uses[seat]) = (adapter, _use);
            Loads++;
        }
        Leave(Math.Max(MaxLoaded, adapters.Count));
    }

    /// <summary>Frees the seat of an adapter that is used no more.</summary>
    internal void Leave(AdapterFactors adapter)
    {
        if (SeatOf(adapter) is var seat and >= 0) _seated[seat] = null;
    }

    /// <summary>Lets the least recently used ones leave, down to this many.</summary>
    void Leave(int most)
    {
        while (Loaded > most)
        {
            var oldest = Enumerable.Range(0, Seats).Where(s => _seated[s] is not null).MinBy(s => _uses[s]);
            _seated[oldest] = null;
        }
    }

    /// <summary>Returns a seat that is free, or that of the least recently used adapter, which is not of this batch.</summary>
    int FreeSeat() => Enumerable.Range(0, Seats).MinBy(s => _seated[s] is null ? -1 : _uses[s]);

    void MakeRoomFor(IReadOnlyCollection<AdapterFactors> adapters)
    {
        var rank = adapters.Max(a => a.Layout!.Rank);
        var wanted = adapters.Count(a => SeatOf(a) < 0) + Loaded;
        var more = Math.Max(SeatsAtFirst, Math.Max(wanted, 2 * Seats));
        var seats = wanted <= Seats ? Seats : Math.Max(adapters.Count, Math.Min(MaxLoaded, more));
        if (seats <= Seats && rank <= (_layout?.Rank ?? 0)) return;
        var stay = _seated;
        Rebuild(Math.Max(seats, Seats), Math.Max(rank, _layout?.Rank ?? 0));
        for (var seat = 0; seat < stay.Length; seat++)
            if (stay[seat] is { } adapter) Put(adapter, seat);
        stay.CopyTo(_seated, 0);
    }

    void Rebuild(int seats, int rank)
    {
        DisposeTensors();
        _seated = []; // also when there is no memory for more
        _layout = AdapterLayout.Of(model, rank);
        _flat = zeros([seats, _layout.Length], dtype: model.ComputeType, device: model.Placement.Device).DetachFromDisposeScope();
        _views = [.. Enumerable.Range(0, model.Layers.Count).Select(layer => Enumerable.Range(0, model.Layers[layer].Groups.Count)
            .Select(group => (Kept(_layout.A(_flat, layer, group)), Kept(_layout.B(_flat, layer, group)))).ToArray())];
        Array.Resize(ref _uses, seats);
        _seated = new AdapterFactors?[seats];

        static Tensor Kept(Tensor view) => view.DetachFromDisposeScope();
    }

    void Put(AdapterFactors adapter, int seat)
    {
        using var target = _flat!.narrow(0, seat, 1);
        _layout!.Copy(adapter.Flat!, adapter.Layout!, target);
    }

    void DisposeTensors()
    {
        foreach (var (a, b) in _views.SelectMany(views => views))
        {
            a.Dispose();
            b.Dispose();
        }
        _views = [];
        _flat?.Dispose();
        _flat = null;
    }

    public void Dispose()
    {
        DisposeTensors();
        _seated = [];
    }
}
