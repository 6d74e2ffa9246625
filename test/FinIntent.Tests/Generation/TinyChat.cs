using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Tests.Contracts;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>
/// A fixture's random weights as a whole chat model's folder: it has room for longer prompts, and a tokenizer whose ids 0 to 255 are the
/// bytes and 256 to 258 the special tokens of template qwen. The fixture's adapter lies beside it, with a run.json.
/// </summary>
sealed class TinyChat : IDisposable
{
    const int Vocabulary = 259;

    readonly TemporaryFolder _folder = new();

    public TinyChat(string family = "qwen2")
    {
        using var fixture = ParityFixture.Open(family);
        Directory.CreateDirectory(Model);
        using (var checkpoint = Checkpoint.Open(fixture.Folder))
            SafetensorsWriter.Write(Path.Combine(Model, "model.safetensors"),
                checkpoint.Tensors.Keys.Select(name => KeyValuePair.Create(name, Read(checkpoint, name))));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "config.json")))!;
        (config["max_position_embeddings"], config["vocab_size"]) = (4096, Vocabulary);
        File.WriteAllText(Path.Combine(Model, "config.json"), config.ToJsonString());
        File.WriteAllText(Path.Combine(Model, "tokenizer.json"), Tokenizer().ToJsonString());
        File.WriteAllText(Path.Combine(Model, "tokenizer_config.json"), """{"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}""");
        Directory.CreateDirectory(Adapter);
        foreach (var file in Directory.GetFiles(fixture.FinalAdapter)) File.Copy(file, Path.Combine(Adapter, Path.GetFileName(file)));
        var run = new JsonObject { ["template"] = "qwen", ["base_fingerprint"] = ModelFingerprint.Of(Model) };
        File.WriteAllText(Path.Combine(Adapter, "run.json"), run.ToJsonString());
    }

    public string Model => _folder["model"];

    public string Adapter => _folder["adapter"];

    public string this[string name] => _folder[name];

    public string Write(string name, string content) => _folder.Write(name, content);

    public void Dispose() => _folder.Dispose();

    /// <summary>A table of tokens gets random rows behind the fixture's, as many as the tokenizer has ids.</summary>
    static Tensor Read(Checkpoint checkpoint, string name)
    {
        var stored = checkpoint.Read(name);
        if (name is not ("model.embed_tokens.weight" or "lm_head.weight")) return stored;
        using var scope = NewDisposeScope();
        var rows = randn(Vocabulary - stored.shape[0], stored.shape[1], generator: new Generator(1, CPU));
        var scale = stored.to(ScalarType.Float32).std() * (name.StartsWith("model") ? 0.3 : 1);
        return cat([stored, (rows * scale).to(stored.dtype)]).MoveToOuterDisposeScope();
    }

    static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        var next = 0x100;
        for (var b = 0; b < 0x100; b++) vocabulary[$"{(char)(b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++)}"] = b;
        string[] special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"];
        return new()
        {
            ["added_tokens"] = new JsonArray([.. special.Select((content, i) =>
                (JsonNode)new JsonObject { ["id"] = 256 + i, ["content"] = content, ["special"] = true })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["model"] = new JsonObject { ["type"] = "BPE", ["merges"] = new JsonArray(), ["vocab"] = vocabulary },
        };
    }
}
