using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FinIntent.Text;

namespace FinIntent.Tests.Text;

/// <summary>Tokenizers of real models in ../shared (too large to commit), a tier of their own.</summary>
static class RealTokenizers
{
    static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> Loaded = [];

    /// <summary>Names: qwen2 (qwen3 without the added tokens from 151665 on), qwen3, qwen3-endoftext (as its eos), llama3,
    /// chatglm3-6b, baichuan2-7b-chat.</summary>
    public static Tokenizer Get(string name)
    {
        var file = name is "chatglm3-6b" or "baichuan2-7b-chat" ? $"{name}.tokenizer.model" : "qwen3.tokenizer.json.gz";
        Reference.Shared($"tokenizers/{file}");
        return Loaded.GetOrAdd(name, n => new(() => Tokenizer.Load(Folder(n)))).Value;
    }

    /// <summary>A new folder with the files of a tokenizer.</summary>
    public static string Folder(string name)
    {
        var folder = Directory.CreateTempSubdirectory("finintent-tokenizer-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        if (name is "chatglm3-6b" or "baichuan2-7b-chat")
        {
            File.Copy(Reference.Shared($"tokenizers/{name}.tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
            if (name == "chatglm3-6b")
                File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class":"ChatGLMTokenizer"}""");
            return folder;
        }
        var source = name.StartsWith("llama3") ? "llama3" : "qwen3";
        using (var packed = new GZipStream(File.OpenRead(Reference.Shared($"tokenizers/{source}.tokenizer.json.gz")),
            CompressionMode.Decompress))
        using (var json = File.Create(Path.Combine(folder, "tokenizer.json"))) packed.CopyTo(json);

        var config = JsonNode.Parse(File.ReadAllText(Reference.Shared($"tokenizers/{source}.tokenizer_config.json")))!;
        if (name == "qwen3-endoftext") config["eos_token"] = "<|endoftext|>";
        if (name == "qwen2") RemoveTokensOfQwen3(Path.Combine(folder, "tokenizer.json"), config["added_tokens_decoder"]!.AsObject());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString());
        return folder;
    }

    static void RemoveTokensOfQwen3(string path, JsonObject addedTokens)
    {
        File.WriteAllText(path, Regex.Replace(File.ReadAllText(path), """,\s*{\s*"id":\s*15166[5-8],[^}]*}""", ""));
        for (var id = 151665; id <= 151668; id++) addedTokens.Remove($"{id}");
    }
}
