using System.Collections.Concurrent;
using System.Text.Json;
using FinIntent.Text;

namespace FinIntent.Tests.Text;

/// <summary>
/// The small tokenizers of test/fixtures/tokenizers, one of each kind that we read: byte-level BPE with the pre-tokenizer of Qwen ("qwen"),
/// of Llama-3 and GLM-4 ("llama3", "glm4") and of the ByteLevel step alone ("gpt2"); SentencePiece BPE as ChatGLM3 and Baichuan2 have it.
/// </summary>
static class SmallTokenizers
{
    static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> Loaded = [];

    public static Tokenizer Get(string name) => Loaded.GetOrAdd(name, n => new(() => Tokenizer.Load(Folder(n)))).Value;

    public static string Folder(string name) => Reference.Path($"fixtures/tokenizers/{name}");

    /// <summary>What the tokenizer's own library made of some texts.</summary>
    public static TokenizerCase[] Cases(string name) =>
        JsonSerializer.Deserialize<TokenizerCase[]>(File.ReadAllText(Path.Combine(Folder(name), "cases.json")), JsonSerializerOptions.Web)!;
}

sealed record TokenizerCase(string Text, int[] Ids, string Decoded);
