using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json.Nodes;
using FinIntent.Text;

namespace FinIntent.Tests.Text;

/// <summary>Tokenizers of real models from ../shared/tokenizers (too large to commit); a test that asks for one skips when it is not there.</summary>
static class RealTokenizers
{
    static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> Loaded = [];

    /// <summary>Names: qwen2 (qwen3 without the added tokens from 151665 on), qwen3, qwen3-endoftext (as its eos), llama3, llama3-nobos.</summary>
    public static Tokenizer Get(string name)
    {
        Reference.Path("tokenizers/qwen3.tokenizer.json.gz");
        return Loaded.GetOrAdd(name, n => new(() => Tokenizer.Load(Folder(n)))).Value;
    }

    /// <summary>A new folder with the files of a tokenizer.</summary>
    public static string Folder(string name)
    {
        var folder = Directory.CreateTempSubdirectory("finintent-tokenizer-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var source = name.StartsWith("llama3") ? "llama3" : "qwen3";
        using (var packed = new GZipStream(File.OpenRead(Reference.Path($"tokenizers/{source}.tokenizer.json.gz")), CompressionMode.Decompress))
        using (var json = File.Create(Path.Combine(folder, "tokenizer.json"))) packed.CopyTo(json);

        var config = JsonNode.Parse(File.ReadAllText(Reference.Path($"tokenizers/{source}.tokenizer_config.json")))!;
        if (name == "qwen3-endoftext") config["eos_token"] = "<|endoftext|>";
        if (name == "llama3-nobos") config["bos_token"] = null;
        if (name == "qwen2") RemoveTokensOfQwen3(Path.Combine(folder, "tokenizer.json"), config["added_tokens_decoder"]!.AsObject());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString());
        return folder;
    }

    static void RemoveTokensOfQwen3(string path, JsonObject addedTokens)
    {
        var root = JsonNode.Parse(File.ReadAllBytes(path))!;
        root["added_tokens"]!.AsArray().RemoveAll(token => (int)token!["id"]! > 151664);
        File.WriteAllText(path, root.ToJsonString());
        for (var id = 151665; id <= 151668; id++) addedTokens.Remove($"{id}");
    }
}
