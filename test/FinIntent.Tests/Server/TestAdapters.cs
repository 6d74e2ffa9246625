using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Classification;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Tests.Server;

/// <summary>Writes adapters of the embedded model with random numbers, as a training leaves them: PEFT's files and run.json.</summary>
static class TestAdapters
{
    /// <param name="intents">What it tells apart; null: the five intents of the embedded model's schema.</param>
    /// <returns>The folder.</returns>
    public static string Write(string folder, int seed, IReadOnlyList<string>? intents = null)
    {
        using var model = PretrainedModel.Load(EmbeddedClassifier.Model, ScalarType.Float32, CPU);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed);
        using (no_grad())
        using (var generator = new Generator((ulong)seed, CPU))
            foreach (var (name, value) in adapters.Parameters)
                if (name.Contains("lora_B", StringComparison.Ordinal))
                {
                    using var noise = randn(value.shape, generator: generator).mul_(0.02);
                    value.copy_(noise);
                }
        adapters.Save(folder, EmbeddedClassifier.Model);
        var schema = IntentSchema.Load(EmbeddedClassifier.Schema);
        var set = LabelSet.Of(schema) with { Name = $"set{seed}" };
        if (intents is not null) set = set with { Options = IntentOptions.Lettered(intents) };
        JsonFile.Write(Path.Combine(folder, "run.json"), new()
        {
            ["template"] = "default",
            ["base_fingerprint"] = ModelFingerprint.Of(EmbeddedClassifier.Model),
            ["label_sets"] = new System.Text.Json.Nodes.JsonArray(set.ToJson()),
        }, FormatVersion.Run);
        return folder;
    }
}
