using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

// Expected ids: ../shared/fixtures/tokenizers (the tokenizers library) and llama.cpp's ggml-vocab-*.inp/.out.
public sealed partial class ByteLevelTokenizerTests
{
    sealed record Case(string Text, int[] Ids, string Decoded);

    [Theory]
    [InlineData("qwen3")]
    [InlineData("llama3")]
    public void Every_reference_text_gives_the_reference_ids_and_back(string name)
    {
        var tokenizer = RealTokenizers.Get(name);
        var json = File.ReadAllText(Reference.Path($"fixtures/tokenizers/{name}.json"));
        var cases = JsonSerializer.Deserialize<Case[]>(json, JsonSerializerOptions.Web)!;

        Assert.Equal(34, cases.Length);
        Assert.All(cases, c => Assert.Equal(c.Ids, EncodeWithSpecials(tokenizer, c.Text)));
        Assert.All(cases, c => Assert.Equal(c.Decoded, tokenizer.Decode(c.Ids, skipSpecialTokens: false)));
    }

    [Theory]
    [InlineData("qwen2", "qwen2")]
    [InlineData("qwen3", "qwen2")]
    [InlineData("llama3", "llama-bpe")]
    public void Every_llama_cpp_text_gives_its_ids_and_back(string name, string file)
    {
        var tokenizer = RealTokenizers.Get(name);
        var texts = File.ReadAllText(Reference.Path($"tokenizers/ggml-vocab-{file}.gguf.inp")).Split("\n__ggml_vocab_test__\n");
        var lines = File.ReadAllText(Reference.Path($"tokenizers/ggml-vocab-{file}.gguf.out")).Split('\n');

        Assert.Equal((47, 47), (texts.Length, lines.Length));
        for (var i = 0; i < lines.Length; i++)
        {
            int[] ids = [.. lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            Assert.Equal(ids, tokenizer.Encode(texts[i]));
            Assert.Equal(NormalizationFormC.Normalize(texts[i]), tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Special_tokens_in_a_text_stay_text()
    {
        var tokenizer = RealTokenizers.Get("qwen3");

        var ids = tokenizer.Encode("<|im_start|>user\nhi<|im_end|><think>");

        Assert.All(ids, id => Assert.True(id < 151643));
        Assert.Equal("<|im_start|>user\nhi<|im_end|><think>", tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("qwen2", 151665, null, 151645, 151643)]
    [InlineData("qwen3", 151669, null, 151645, 151643)]
    [InlineData("llama3", 128256, 128000, 128001, null)]
    public void Sizes_and_special_ids_are_those_of_the_files(string name, int size, int? bos, int? eos, int? pad)
    {
        var tokenizer = RealTokenizers.Get(name);

        Assert.Equal((size, bos, eos, pad), (tokenizer.VocabularySize, tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
    }

    [Fact]
    public void Tokens_are_found_by_name()
    {
        var tokenizer = RealTokenizers.Get("qwen3");

        Assert.Equal(151644, tokenizer.IdOf("<|im_start|>"));
        Assert.Equal(151667, tokenizer.IdOf("<think>"));
        Assert.Equal(198, tokenizer.IdOf("Ċ"));
        Assert.Null(tokenizer.IdOf("<|no such token|>"));
    }

    [Fact]
    public void Decoding_skips_special_tokens_but_keeps_the_added_ones_that_are_not_special()
    {
        var tokenizer = RealTokenizers.Get("qwen3");
        int[] ids = [151644, 151667, 108386, 151668, 151645, 200000, -1];

        Assert.Equal("<think>你好</think>", tokenizer.Decode(ids));
        Assert.Equal("<|im_start|><think>你好</think><|im_end|>", tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    [Fact]
    public void A_stream_holds_back_the_part_of_a_character()
    {
        var tokenizer = RealTokenizers.Get("qwen3");
        var ids = tokenizer.Encode("场👨‍👩‍👧x");
        var stream = tokenizer.Stream();

        List<string> parts = [.. ids.Select(stream.Append), stream.Finish()];

        Assert.Equal("场👨‍👩‍👧x", string.Concat(parts));
        Assert.Contains("", parts);
        Assert.DoesNotContain(parts, p => p.Contains('\uFFFD'));
        stream = tokenizer.Stream();
        Assert.Equal("x", stream.Append(tokenizer.IdOf("x")!.Value));
        Assert.Equal("", stream.Append(tokenizer.IdOf("å")!.Value)); // byte E5
        Assert.Equal("\uFFFD", stream.Finish());
    }

    [Fact]
    public void A_long_piece_gives_what_its_short_ones_give()
    {
        var tokenizer = RealTokenizers.Get("qwen3");
        var text = string.Concat(Enumerable.Repeat("ab", 150_000)); // one pre-token: a third of a second, and long if it were quadratic
        var clock = Stopwatch.StartNew();

        var ids = tokenizer.Encode(text);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed} for 300 kB without a break");
        Assert.Equal(text, tokenizer.Decode(ids));
        Assert.Equal(tokenizer.Encode(text[..240]), ids[..tokenizer.Encode(text[..240]).Length]);
    }

    [Fact]
    public void Parallel_encoding_gives_the_same_ids()
    {
        var tokenizer = RealTokenizers.Get("llama3");
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"第{i}只基金的净值是{i * 37}元，cost {i}!")];

        var ids = texts.AsParallel().AsOrdered().Select(tokenizer.Encode).ToArray();

        for (var i = 0; i < texts.Length; i++) Assert.Equal(tokenizer.Encode(texts[i]), ids[i]);
    }

    /// <summary>The reference parses special tokens out of the text; we do it here, for its sake only.</summary>
    static int[] EncodeWithSpecials(Tokenizer tokenizer, string text) =>
        [.. SpecialToken().Split(text).SelectMany(part => part.StartsWith("<|") && tokenizer.IdOf(part) is { } id ? [id] : tokenizer.Encode(part))];

    [GeneratedRegex(@"(<\|\w+\|>)")]
    private static partial Regex SpecialToken();
}
