using System.Diagnostics;
using System.Text.Json;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

// Expected ids: ../shared/fixtures/tokenizers (the sentencepiece library) and the verified examples of models.md.
public sealed class SentencePieceTokenizerTests
{
    sealed record Fixture(Case[] Cases);

    sealed record Case(string Text, int[] Ids, string Decoded);

    [Theory]
    [InlineData("chatglm3-6b")]
    [InlineData("baichuan2-7b-chat")]
    public void Every_reference_text_gives_the_reference_ids_and_back(string name)
    {
        var tokenizer = RealTokenizers.Get(name);
        var json = File.ReadAllText(Reference.Path($"fixtures/tokenizers/{name}.json"));
        var cases = JsonSerializer.Deserialize<Fixture>(json, JsonSerializerOptions.Web)!.Cases;

        Assert.Equal(34, cases.Length);
        Assert.All(cases, c => Assert.Equal(c.Ids, tokenizer.Encode(c.Text)));
        Assert.All(cases, c => Assert.Equal(c.Decoded, tokenizer.Decode(c.Ids, skipSpecialTokens: false)));
    }

    [Theory]
    [InlineData("chatglm3-6b", "\n", new[] { 30910, 13 })]
    [InlineData("chatglm3-6b", "hello  world\n\n你好，世界！", new[] { 24954, 265, 8515, 13, 13, 39701, 31123, 31661, 31404 })]
    [InlineData("chatglm3-6b", "def f(x):\n    return x+1", new[] { 884, 279, 30946, 30948, 1528, 13, 296, 3793, 1994, 31011, 30939 })]
    [InlineData("baichuan2-7b-chat", "hello  world\n\n你好，世界！", new[] { 46955, 92311, 2063, 5, 5, 16829, 65, 2089, 67 })]
    [InlineData("baichuan2-7b-chat", "def f(x):\n    return x+1", new[] { 5273, 1365, 92352, 92365, 3408, 5, 1411, 3509, 4838, 62, 92336 })]
    public void Verified_examples_hold(string name, string text, int[] ids)
    {
        var tokenizer = RealTokenizers.Get(name);

        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("chatglm3-6b", 64798, 1, 2, 0)]
    [InlineData("baichuan2-7b-chat", 125696, 1, 2, 0)]
    public void Sizes_and_special_ids_are_those_of_the_models(string name, int size, int bos, int eos, int pad)
    {
        var tokenizer = RealTokenizers.Get(name);

        Assert.Equal((size, bos, eos, pad), (tokenizer.VocabularySize, tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
    }

    [Theory]
    [InlineData("chatglm3-6b", "<|user|>", 64795)]
    [InlineData("chatglm3-6b", "[gMASK]", 64790)]
    [InlineData("chatglm3-6b", "sop", 64792)]
    [InlineData("chatglm3-6b", "</s>", 2)]
    [InlineData("baichuan2-7b-chat", "<reserved_106>", 195)]
    [InlineData("baichuan2-7b-chat", "</s>", 2)]
    public void Special_tokens_are_found_by_name_and_not_in_text(string name, string token, int id)
    {
        var tokenizer = RealTokenizers.Get(name);

        Assert.Equal(id, tokenizer.IdOf(token));
        Assert.DoesNotContain(id, tokenizer.Encode(token + "你好" + token));
        Assert.Equal(token + "你好" + token, tokenizer.Decode(tokenizer.Encode(token + "你好" + token)));
        Assert.Equal("你好", tokenizer.Decode([id, .. tokenizer.Encode("你好"), id]));
    }

    [Fact]
    public void Pieces_the_model_defines_for_users_are_matched_whole()
    {
        var tokenizer = RealTokenizers.Get("baichuan2-7b-chat");

        Assert.Equal([tokenizer.IdOf("<table>")!.Value, tokenizer.IdOf("。。。")!.Value, tokenizer.IdOf("\t")!.Value], tokenizer.Encode("<table>。。。\t"));
    }

    [Fact]
    public void Bytes_that_are_no_character_become_one_replacement_each()
    {
        var tokenizer = RealTokenizers.Get("chatglm3-6b");
        int Byte(int value) => tokenizer.IdOf($"<0x{value:X2}>")!.Value;

        Assert.Equal("a\uFFFD\uFFFD你\uFFFD", tokenizer.Decode([tokenizer.IdOf("a")!.Value, Byte(0xE4), Byte(0xBD), tokenizer.IdOf("你")!.Value, Byte(0xE4)]));
        var stream = tokenizer.Stream();
        Assert.Equal(["", "", "你"], new[] { 0xE4, 0xBD, 0xA0 }.Select(value => stream.Append(Byte(value))));
    }

    [Theory]
    [InlineData("chatglm3-6b", "ab")]
    [InlineData("chatglm3-6b", "银行基金")]
    [InlineData("baichuan2-7b-chat", "ab")]
    [InlineData("baichuan2-7b-chat", "a ")]
    public void A_line_of_a_megabyte_takes_a_moment(string name, string pattern)
    {
        var tokenizer = RealTokenizers.Get(name);
        var text = string.Concat(Enumerable.Repeat(pattern, 1_000_000 / System.Text.Encoding.UTF8.GetByteCount(pattern)));
        var clock = Stopwatch.StartNew();

        var ids = tokenizer.Encode(text);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}"); // about a second; hours if it were quadratic
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07 })]
    public void A_file_that_is_no_model_is_named(byte[] bytes)
    {
        var folder = Directory.CreateTempSubdirectory("finintent-tokenizer-").FullName;
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), bytes);

        Assert.Contains(folder, Assert.Throws<UserErrorException>(() => Tokenizer.Load(folder)).Message);
        Directory.Delete(folder, recursive: true);
    }
}
