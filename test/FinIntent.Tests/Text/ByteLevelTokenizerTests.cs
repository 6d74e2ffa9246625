using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed partial class ByteLevelTokenizerTests
{
    [Theory]
    [InlineData("qwen")]
    [InlineData("llama3")]
    [InlineData("glm4")]
    [InlineData("gpt2")]
    public void Every_reference_text_gives_the_reference_ids_and_back(string name)
    {
        var tokenizer = SmallTokenizers.Get(name);
        var cases = SmallTokenizers.Cases(name);

        Assert.InRange(cases.Length, 50, 60);
        Assert.All(cases, c => Assert.Equal(c.Ids, EncodeWithSpecials(tokenizer, c.Text)));
        Assert.All(cases, c => Assert.Equal(c.Decoded, tokenizer.Decode(c.Ids, skipSpecialTokens: false)));
    }

    [Fact]
    public void Special_tokens_in_a_text_stay_text()
    {
        var tokenizer = SmallTokenizers.Get("qwen");

        var ids = tokenizer.Encode("<|im_start|>user\nhi<|im_end|><think>");

        Assert.DoesNotContain(ids, Added("qwen").Contains);
        Assert.Equal("<|im_start|>user\nhi<|im_end|><think>", tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("qwen", null, "<|im_end|>", "<|endoftext|>")]
    [InlineData("llama3", "<|begin_of_text|>", "<|end_of_text|>", null)]
    public void Special_ids_are_those_of_the_files(string name, string? bos, string? eos, string? pad)
    {
        var tokenizer = SmallTokenizers.Get(name);

        Assert.Equal((Id(bos), Id(eos), Id(pad)), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
        Assert.Equal(tokenizer.VocabularySize, Added(name).Max() + 1);

        int? Id(string? token) => token is null ? null : tokenizer.IdOf(token) ?? -1;
    }

    [Fact]
    public void Tokens_are_found_by_name()
    {
        var tokenizer = SmallTokenizers.Get("qwen");

        Assert.Equal(Added("qwen"), new[] { "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>",
            "</tool_response>", "<think>", "</think>" }.Select(token => tokenizer.IdOf(token)!.Value));
        Assert.Equal([tokenizer.IdOf("Ċ")!.Value], tokenizer.Encode("\n"));
        Assert.Null(tokenizer.IdOf("<|no such token|>"));
    }

    [Fact]
    public void Decoding_skips_special_tokens_but_keeps_the_added_ones_that_are_not_special()
    {
        var tokenizer = SmallTokenizers.Get("qwen");
        int[] ids = [Id("<|im_start|>"), Id("<think>"), .. tokenizer.Encode("你好"), Id("</think>"), Id("<|im_end|>"), 200000, -1];

        Assert.Equal("<think>你好</think>", tokenizer.Decode(ids));
        Assert.Equal("<|im_start|><think>你好</think><|im_end|>", tokenizer.Decode(ids, skipSpecialTokens: false));

        int Id(string token) => tokenizer.IdOf(token)!.Value;
    }

    /// <summary>The numbers of the added tokens in tokenizer_config.json, ascending.</summary>
    static IEnumerable<int> Added(string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(SmallTokenizers.Folder(name), "tokenizer_config.json")))
        .RootElement.GetProperty("added_tokens_decoder").EnumerateObject().Select(token => int.Parse(token.Name)).Order();

    [Fact]
    public void A_stream_holds_back_the_part_of_a_character()
    {
        var tokenizer = SmallTokenizers.Get("qwen");
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
        var tokenizer = SmallTokenizers.Get("qwen");
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
        var tokenizer = SmallTokenizers.Get("llama3");
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"第{i}只基金的净值是{i * 37}元，cost {i}!")];

        var ids = texts.AsParallel().AsOrdered().Select(tokenizer.Encode).ToArray();

        for (var i = 0; i < texts.Length; i++) Assert.Equal(tokenizer.Encode(texts[i]), ids[i]);
    }

    /// <summary>The reference parses special tokens out of the text; we do it here, for its sake only.</summary>
    internal static int[] EncodeWithSpecials(Tokenizer tokenizer, string text) =>
        [.. SpecialToken().Split(text)
            .SelectMany(part => part.StartsWith("<|") && tokenizer.IdOf(part) is { } id ? [id] : tokenizer.Encode(part))];

    [GeneratedRegex(@"(<\|\w+\|>)")]
    private static partial Regex SpecialToken();
}
