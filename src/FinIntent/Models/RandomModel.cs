using FinIntent.Models.Packed;

namespace FinIntent.Models;

/// <summary>Makes a model with random weights of a true shape, to start pretraining from and to measure speed with.</summary>
static class RandomModel
{
    /// <summary>Draws matrices from N(0, 0.02²), sets norms to one and biases to zero. The same seed gives the same weights.</summary>
    /// <remarks>Matrices that write into the residual stream are divided by √(2·layers), GPT-2's rule.</remarks>
    /// <param name="format">The form of the layers' weights; null: plain. Packed weights differ from plain ones of the same seed.</param>
    public static CausalLanguageModel Create(
        JsonElement config, Placement placement, long seed, WeightFormat? format = null, bool isTrained = false)
    {
        format?.Require(placement.Device);
        var family = ModelFamily.Of(config);
        var model = family.Create(config, placement with { PacksLayers = format is not null });
        using var _ = no_grad();
        // TorchSharp 0.107 makes CPU generators only; elsewhere the device's own is seeded.
        using var generator = placement.Device.type == DeviceType.CPU ? new Generator((ulong)seed, CPU) : null;
        if (generator is null) manual_seed(seed).Dispose();
        foreach (var (name, parameter) in model.named_parameters())
            if (parameter.device_type != DeviceType.META) Fill(name, parameter);
        if (format is not null)
            PackedLayers.Fill(model, format, isTrained, placement.Type, matrices => matrices.ToList().ForEach(m => Fill(m.Name, m.Target)));
        return model;

        void Fill(string name, Tensor parameter)
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.zero_();
            else if (parameter.dim() == 1) parameter.fill_(1);
            else parameter.normal_(0, WritesResidual(name) ? 0.02 / Math.Sqrt(2 * model.Shape.Layers) : 0.02, generator);
        }

        bool WritesResidual(string name) => family.ResidualWriters.Any(ending => name.EndsWith($".{ending}", StringComparison.Ordinal));
    }
}
