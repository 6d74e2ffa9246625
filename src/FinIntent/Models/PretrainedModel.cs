using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>A checkpoint folder → a model with its weights.</summary>
public static class PretrainedModel
{
    /// <summary>Builds the family config.json names and fills it strictly. <paramref name="type"/> null: the type the checkpoint is stored in.</summary>
    /// <exception cref="UserErrorException">The folder is incomplete, the family unknown, or the weights do not fit.</exception>
    public static CausalLanguageModel Load(string folder, ScalarType? type, Device device)
    {
        LibTorch.Load();
        using var checkpoint = Checkpoint.Open(folder);
        return Load(checkpoint, new(type ?? checkpoint.Type, device));
    }

    public static CausalLanguageModel Load(string folder, Placement placement) => Load(folder, placement.Type, placement.Device);

    static CausalLanguageModel Load(Checkpoint checkpoint, Placement placement)
    {
        var family = ModelFamily.Of(checkpoint.Config);
        var model = family.Create(checkpoint.Config, placement);
        try
        {
            // A tied head is the embedding; a file may hold a copy of it all the same.
            var isTied = checkpoint.Config.TryGetProperty("tie_word_embeddings", out var tied) && tied.ValueKind == JsonValueKind.True;
            StrictLoad.Into(model, checkpoint, isTied ? [.. family.IgnoredTensors, "lm_head.weight"] : family.IgnoredTensors);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
