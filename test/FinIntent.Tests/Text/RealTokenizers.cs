using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json.Nodes;
using FinIntent.Text;

namespace FinIntent.Tests.Text;

/// <summary>Tokenizers of real models, unpacked from ../shared/tokenizers (too large to commit); tests that ask for one skip when it is not there.</summary>
static class RealTokenizers
{
    static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> Loaded = [];

    public static Tokenizer Get(string name)
    {
        Reference.Path($"tokenizers/{Source(name)}.tokenizer.json.gz");
        return Loaded.GetOrAdd(name, n => new(() => Tokenizer.Load(Folder(n)))).Value;
    }

    /// <summary>qwen2 is qwen3 without the added tokens 151665 to 151668.</summary>
    static string Source(string name) => name == "qwen2" ? "qwen3" : name;

    public static string Folder(string name)
    {
        var folder = Directory.CreateTempSubdirectory("finintent-tokenizer-").FullName;
        using (var packed = new GZipStream(File.OpenRead(Reference.Path($"tokenizers/{Source(name)}.tokenizer.json.gz")), CompressionMode.Decompress))
        using (var json = File.Create(Path.Combine(folder, "tokenizer.json"))) packed.CopyTo(json);
        File.Copy(Reference.Path($"tokenizers/{Source(name)}.tokenizer_config.json"), Path.Combine(folder, "tokenizer_config.json"));
        if (name == "qwen2")
        {
            Edit(folder, "tokenizer.json", root => root["added_tokens"]!.AsArray().RemoveAll(t => (int)t!["id"]! > 151664));
            Edit(folder, "tokenizer_config.json", root =>
            {
                for (var id = 151665; id <= 151668; id++) root["added_tokens_decoder"]!.AsObject().Remove($"{id}");
            });
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }

    static void Edit(string folder, string file, Action<JsonNode> edit)
    {
        var path = Path.Combine(folder, file);
        var root = JsonNode.Parse(File.ReadAllBytes(path))!;
        edit(root);
        File.WriteAllText(path, root.ToJsonString());
    }
}
