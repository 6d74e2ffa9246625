namespace FinIntent.Models;

/// <summary>Says where the factors of an adapter's groups lie in one flat tensor, so that one copy brings it to a device.</summary>
/// <remarks>
/// Of each group: the factors A of its members, one under another, [P · R, in], and their scaled B turned and side by side, [R, Σout].
/// Every member has the same rank R, a multiple of eight; what an adapter lacks of it is zero.
/// </remarks>
sealed class AdapterLayout
{
    // Products of 16-bit numbers read sixteen bytes at a time.
    const int Multiple = 8;

    readonly IReadOnlyList<Place[]> _places;

    /// <summary>Is where a group lies.</summary>
    /// <param name="Outputs">The outputs of each member.</param>
    internal sealed record Place(long Start, int Inputs, IReadOnlyList<int> Outputs)
    {
        public int Members => Outputs.Count;
        public int AllOutputs { get; } = Outputs.Sum();
    }

    AdapterLayout(IReadOnlyList<Place[]> places, int rank, long length) => (_places, Rank, Length) = (places, rank, length);

    public int Rank { get; }

    /// <summary>The numbers of one adapter.</summary>
    public long Length { get; }

    internal Place this[int layer, int group] => _places[layer][group];

    /// <summary>Lays out a model's groups for adapters up to a rank.</summary>
    public static AdapterLayout Of(CausalLanguageModel model, int rank)
    {
        rank = Math.Max(1, (rank + Multiple - 1) / Multiple) * Multiple;
        var length = 0L;
        List<Place[]> places = [];
        foreach (var layer in model.Layers) places.Add([.. layer.Groups.Select(Next)]);
        return new(places, rank, length);

        Place Next(Layers.LinearGroup group)
        {
            var place = new Place(length, group.Members[0].Inputs, [.. group.Members.Select(m => m.Outputs)]);
            length += (long)rank * (place.Members * place.Inputs + place.AllOutputs);
            length = (length + Multiple - 1) / Multiple * Multiple;
            return place;
        }
    }

    /// <summary>Views the factors A of all adapters in <paramref name="flat"/> [S, Length], [S, P · R, in].</summary>
    public Tensor A(Tensor flat, int layer, int group)
    {
        var place = this[layer, group];
        return flat.as_strided([flat.shape[0], place.Members * Rank, place.Inputs], [Length, place.Inputs, 1],
            flat.storage_offset() + place.Start);
    }

    /// <summary>Views the factors B of all adapters, [S, R, Σout].</summary>
    public Tensor B(Tensor flat, int layer, int group)
    {
        var place = this[layer, group];
        return flat.as_strided([flat.shape[0], Rank, place.AllOutputs], [Length, place.AllOutputs, 1],
            flat.storage_offset() + place.Start + (long)place.Members * Rank * place.Inputs);
    }

    /// <summary>Returns the flat form [1, Length] of joint factors.</summary>
    public Tensor Flat(IReadOnlyList<GroupFactors?[]> layers, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var flat = zeros([1, Length], dtype: type);
        for (var layer = 0; layer < layers.Count; layer++)
            for (var group = 0; group < layers[layer].Length; group++)
                if (layers[layer][group] is { } factors)
                    Put(factors, A(flat, layer, group)[0], B(flat, layer, group)[0], this[layer, group]);
        return flat.MoveToOuterDisposeScope();
    }

    void Put(GroupFactors factors, Tensor a, Tensor b, Place place)
    {
        int rank = 0, output = 0;
        foreach (var (member, (ranks, outputs)) in factors.Ranks.Zip(place.Outputs).Index())
        {
            if (ranks > 0)
            {
                a.narrow(0, (long)member * Rank, ranks).copy_(factors.A.narrow(0, rank, ranks));
                b.narrow(0, 0, ranks).narrow(1, output, outputs).copy_(factors.B.narrow(0, rank, ranks).narrow(1, output, outputs));
            }
            rank += ranks;
            output += outputs;
        }
    }

    /// <summary>Copies a flat adapter [1, Length] of a layout of no larger rank to one of this, on any device.</summary>
    public void Copy(Tensor from, AdapterLayout before, Tensor to)
    {
        if (before.Rank == Rank)
        {
            to.copy_(from);
            return;
        }
        using var scope = NewDisposeScope();
        using var wide = zeros([1, Length], dtype: from.dtype);
        for (var layer = 0; layer < _places.Count; layer++)
            for (var group = 0; group < _places[layer].Length; group++)
            {
                var place = this[layer, group];
                wide.narrow(1, place.Start, place.Members * (long)Rank * place.Inputs).view(place.Members, Rank, place.Inputs)
                    .narrow(1, 0, before.Rank).copy_(before.A(from, layer, group)[0].view(place.Members, before.Rank, place.Inputs));
                B(wide, layer, group)[0].narrow(0, 0, before.Rank).copy_(before.B(from, layer, group)[0]);
            }
        to.copy_(wide);
    }
}
