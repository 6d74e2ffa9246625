using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Models;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models;

/// <summary>A copy of a small checkpoint of the fixtures whose config.json and tensors a test changes.</summary>
sealed class ModelCopy : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public ModelCopy(string family = "qwen2")
    {
        Config = JsonNode.Parse(File.ReadAllText(Reference.Path($"fixtures/{family}/config.json")))!.AsObject();
        using var checkpoint = Checkpoint.Open(Reference.Path($"fixtures/{family}"));
        Tensors = checkpoint.Tensors.Keys.ToDictionary(name => name, checkpoint.Read);
        WriteWeights();
        WriteConfig();
    }

    public string Path => _folder.Path;

    public JsonObject Config { get; }

    public Dictionary<string, Tensor> Tensors { get; }

    public string this[string name] => _folder[name];

    /// <summary>Puts a value, as JSON, under a key; null removes the key.</summary>
    public void Set(string key, string? json)
    {
        if (json is null) Config.Remove(key);
        else Config[key] = JsonNode.Parse(json);
        WriteConfig();
    }

    public void WriteConfig() => _folder.Write("config.json", Config.ToJsonString());

    public void WriteWeights() => SafetensorsWriter.Write(_folder["model.safetensors"], Tensors);

    public string Write(string name, string content) => _folder.Write(name, content);

    /// <summary>The error of a load, without the folder's path.</summary>
    public string Error() => Xunit.Assert.Throws<UserErrorException>(() => PretrainedModel.Load(Path, Placement.Cpu()).Dispose())
        .Message.Replace(Path, "MODEL");

    public Tensor Logits()
    {
        using var model = PretrainedModel.Load(Path, Placement.Cpu());
        using var batch = TokenBatch.All([[1, 5, 9, 2]], CPU);
        using var _ = no_grad();
        return model.forward(batch);
    }

    public void Dispose()
    {
        foreach (var tensor in Tensors.Values) tensor.Dispose();
        _folder.Dispose();
    }
}
