using FinIntent.Checkpoints;
using FinIntent.Models.Packed;
using FinIntent.Runtime;

namespace FinIntent.Models;

/// <summary>Makes a model with its weights from a checkpoint folder.</summary>
static class PretrainedModel
{
    /// <summary>Builds the family that config.json names and fills it strictly.</summary>
    /// <param name="type">The type of the weights; null means the type that the checkpoint is stored in.</param>
    /// <param name="format">The form of the layers' weights, which are packed as they come; null means plain.</param>
    /// <param name="isTrained">Says that gradients will go through packed weights, to adapters.</param>
    /// <exception cref="UserErrorException">The folder, its weights, the family or the device does not fit.</exception>
    public static CausalLanguageModel Load(
        string folder, ScalarType? type, Device device, WeightFormat? format = null, bool isTrained = false)
    {
        LibTorch.Load();
        format?.Require(device);
        using var checkpoint = Checkpoint.Open(folder);
        return Load(checkpoint, new(type ?? checkpoint.Type, device), format, isTrained);
    }

    public static CausalLanguageModel Load(string folder, Placement placement) => Load(folder, placement.Type, placement.Device);

    /// <summary>Makes the model without its numbers, on the meta device, and checks that the checkpoint's tensors fit it.</summary>
    internal static CausalLanguageModel Sketch(Checkpoint checkpoint) =>
        Load(checkpoint, new(checkpoint.Type, META), format: null, isTrained: false);

    internal static CausalLanguageModel Load(Checkpoint checkpoint, Placement placement, WeightFormat? format, bool isTrained)
    {
        var config = new ModelConfig(checkpoint.Config, checkpoint.ConfigPath);
        var family = ModelFamily.Of(config);
        QuantizedWeights.Refuse(checkpoint, name => !StrictLoad.IsIgnored(name, family.IgnoredTensors));
        CheckpointSizes.Check(checkpoint, config);
        var isTied = TiedHead.IsTied(config.Json);
        if (isTied && TiedHead.IsSeparate(checkpoint)) (isTied, config) = (false, config with { Json = TiedHead.Untied(config.Json) });
        var model = family.Create(config, placement with { PacksLayers = format is not null });
        return model.OrDispose(() =>
        {
            // A tied head is the embedding; a file may hold a copy of it all the same.
            StrictLoad.Into(model, checkpoint, isTied ? [.. family.IgnoredTensors, TiedHead.Name] : family.IgnoredTensors);
            // The weights are read as they are stored, so that nothing is rounded twice.
            if (format is not null) PackedLayers.Fill(model, format, isTrained, checkpoint.StoredType, checkpoint.CopyTo);
            return model;
        });
    }
}
