using System.Text.Json;
using FinIntent.Checkpoints;
using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>A checkpoint folder → a model with its weights.</summary>
public static class PretrainedModel
{
    public static CausalLanguageModel Load(string folder, Placement placement)
    {
        var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json"))).RootElement;
        var model = ModelFamily.Of(config).Create(config, placement);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        using var _ = no_grad();
        foreach (var (name, parameter) in model.named_parameters()) file.CopyTo(name, parameter);
        return model;
    }
}
