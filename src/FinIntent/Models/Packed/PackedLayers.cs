using FinIntent.Models.Layers;

namespace FinIntent.Models.Packed;

/// <summary>Fills the layers of a model made with <see cref="Placement.PacksLayers"/>, one group of linears at a time.</summary>
static class PackedLayers
{
    /// <param name="isTrained">Says that gradients will go through the weights, to adapters.</param>
    /// <param name="type">The type in which the weights are read.</param>
    /// <param name="read">Fills tensors [out, in] with the parameters of these names.</param>
    public static void Fill(CausalLanguageModel model, WeightFormat format, bool isTrained, ScalarType type,
        Action<IReadOnlyList<(string Name, Tensor Target)>> read)
    {
        using var noGradient = no_grad();
        var names = model.named_modules().Where(m => m.module is Linear).ToDictionary(m => (Linear)m.module, m => $"{m.name}.weight");
        var groups = model.Layers.SelectMany(layer => layer.Groups).ToList();
        using var room = empty([groups.Max(SizeOf)], dtype: type, device: model.Placement.Device);
        foreach (var group in groups)
        {
            using var scope = NewDisposeScope();
            var weight = room.narrow(0, 0, SizeOf(group)).view(group.Outputs, group.Members[0].Inputs);
            var parts = weight.split([.. group.Members.Select(m => (long)m.Outputs)], 0);
            read([.. group.Members.Zip(parts, (member, part) => (names[member], part))]);
            group.Packed = format.Pack(weight, isTrained);
        }
        model.Format = format;

        static long SizeOf(LinearGroup group) => (long)group.Outputs * group.Members[0].Inputs;
    }
}
