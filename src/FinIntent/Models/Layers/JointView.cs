using FinIntent.Runtime;

namespace FinIntent.Models.Layers;

/// <summary>Views the weights, or biases, of several linears that lie together in memory (<see cref="Linear.Joint"/>).</summary>
/// <remarks>The view is kept while they lie there: to make it takes longer than to queue a small product.</remarks>
sealed unsafe class JointView(IReadOnlyList<Linear> members, Func<Linear, Tensor> part) : IDisposable
{
    readonly nint[] _places = new nint[members.Count];
    Tensor? _view;

    /// <summary>Returns the view, which this or the only member owns; null when they lie apart.</summary>
    public Tensor? Get()
    {
        var first = part(members[0]);
        if (members.Count == 1) return first;
        if (_view is not null && _view.dtype == first.dtype && AreAtTheirPlaces()) return _view;
        _view?.Dispose();
        return _view = Make(first)?.DetachFromDisposeScope();
    }

    bool AreAtTheirPlaces()
    {
        for (var i = 0; i < _places.Length; i++)
            if ((nint)TensorMemory.PointerOf(part(members[i])) != _places[i]) return false;
        return true;
    }

    Tensor? Make(Tensor first)
    {
        long offset = first.storage_offset(), rows = 0, bytes = first.element_size();
        var memory = TensorMemory.PointerOf(first) - offset * bytes;
        for (var i = 0; i < _places.Length; i++)
        {
            var tensor = part(members[i]);
            _places[i] = (nint)TensorMemory.PointerOf(tensor);
            if (tensor.storage_offset() != offset || _places[i] != (nint)(memory + offset * bytes) || tensor.dtype != first.dtype)
                return null;
            offset += tensor.numel();
            rows += tensor.size(0);
        }
        return first.as_strided([rows, .. first.shape[1..]], first.stride(), first.storage_offset());
    }

    public void Dispose() => _view?.Dispose();
}
