using TorchSharp.Modules;

namespace FinIntent.Training;

/// <summary>Lays parameters of one type that are updated alike end to end; they become views of it, and stay so after disposal.</summary>
sealed class ParameterGroup : IDisposable
{
    // Parameters start at multiples of 64 bytes, as tensors of their own do: the matrix library's rounding may depend on it.
    const long Alignment = 32;

    // This many elements are handled at once: four fp32 arrays of this size stay in a core's cache.
    const long BlockElements = 1 << 18;

    readonly List<Slot> _slots = [];
    readonly long _length;

    public ParameterGroup(IReadOnlyList<(string Name, Parameter Value)> parameters, double rateFactor, double decay)
    {
        (RateFactor, Decay) = (rateFactor, decay);
        foreach (var (name, parameter) in parameters)
        {
            _slots.Add(new(name, parameter, _length));
            _length += (parameter.numel() + Alignment - 1) / Alignment * Alignment;
        }

        var first = parameters[0].Value;
        // The memory that the parameters had is free again before the rest is taken.
        Values = Flat(first.dtype);
        foreach (var slot in _slots) Adopt(slot);
        Gradients = Flat(first.dtype);
        Mean = Flat(ScalarType.Float32);
        Variance = Flat(ScalarType.Float32);
        using var scope = NewDisposeScope();
        foreach (var slot in _slots) slot.Parameter.grad = slot.Of(Gradients); // backward adds to a gradient that exists

        Tensor Flat(ScalarType type) => zeros(_length, dtype: type, device: first.device).DetachFromDisposeScope();
    }

    public double RateFactor { get; }

    public double Decay { get; }

    public Tensor Values { get; }

    public Tensor Gradients { get; }

    public Tensor Mean { get; }

    public Tensor Variance { get; }

    /// <summary>Returns the same stretch of all four; the caller's dispose scope owns the tensors.</summary>
    public IEnumerable<(Tensor Values, Tensor Gradients, Tensor Mean, Tensor Variance)> Blocks()
    {
        var size = Values.device_type == DeviceType.CPU ? BlockElements : AdamW.DeviceBlockElements;
        for (var start = 0L; start < _length; start += size)
        {
            var length = Math.Min(size, _length - start);
            yield return (Values.narrow(0, start, length), Gradients.narrow(0, start, length),
                Mean.narrow(0, start, length), Variance.narrow(0, start, length));
        }
    }

    public IEnumerable<KeyValuePair<string, Tensor>> State() => _slots.SelectMany(slot => new[]
    {
        KeyValuePair.Create($"value.{slot.Name}", slot.Of(Values)),
        KeyValuePair.Create($"mean.{slot.Name}", slot.Of(Mean)),
        KeyValuePair.Create($"variance.{slot.Name}", slot.Of(Variance)),
    });

    void Adopt(Slot slot)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var value = slot.Of(Values);
        value.copy_(slot.Parameter);
        slot.Parameter.requires_grad = false;
        slot.Parameter.set_(value);
        slot.Parameter.requires_grad = true;
    }

    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.Parameter.grad = null;
            slot.Parameter.requires_grad = false;
        }
        Values.Dispose();
        Gradients.Dispose();
        Mean.Dispose();
        Variance.Dispose();
    }

    sealed record Slot(string Name, Parameter Parameter, long Start)
    {
        public Tensor Of(Tensor flat)
        {
            using var part = flat.narrow(0, Start, Parameter.numel());
            return part.view(Parameter.shape);
        }
    }
}
