using System.Diagnostics;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class SentencePieceTokenizerTests
{
    [Theory]
    [InlineData("chatglm")]
    [InlineData("baichuan")]
    public void Every_reference_text_gives_the_reference_ids_and_back(string name)
    {
        var tokenizer = SmallTokenizers.Get(name);
        var cases = SmallTokenizers.Cases(name);

        Assert.InRange(cases.Length, 50, 60);
        Assert.All(cases, c => Assert.Equal(c.Ids, tokenizer.Encode(c.Text)));
        Assert.All(cases, c => Assert.Equal(c.Decoded, tokenizer.Decode(c.Ids, skipSpecialTokens: false)));
    }

    [Theory]
    [InlineData("chatglm", 769, 1, 2, 0)]
    [InlineData("baichuan", 780, 1, 2, 0)]
    public void Sizes_and_special_ids_are_those_of_the_models(string name, int size, int bos, int eos, int pad)
    {
        var tokenizer = SmallTokenizers.Get(name);

        Assert.Equal((size, bos, eos, pad), (tokenizer.VocabularySize, tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
    }

    [Theory]
    [InlineData("chatglm", "<|user|>", 766)]
    [InlineData("chatglm", "[gMASK]", 761)]
    [InlineData("chatglm", "sop", 763)]
    [InlineData("chatglm", "</s>", 2)]
    [InlineData("baichuan", "<reserved_106>", 3)]
    [InlineData("baichuan", "</s>", 2)]
    public void Special_tokens_are_found_by_name_and_not_in_text(string name, string token, int id)
    {
        var tokenizer = SmallTokenizers.Get(name);

        Assert.Equal(id, tokenizer.IdOf(token));
        Assert.DoesNotContain(id, tokenizer.Encode(token + "你好" + token));
        Assert.Equal(token + "你好" + token, tokenizer.Decode(tokenizer.Encode(token + "你好" + token)));
        Assert.Equal("你好", tokenizer.Decode([id, .. tokenizer.Encode("你好"), id]));
    }

    [Fact]
    public void Pieces_the_model_defines_for_users_are_matched_whole()
    {
        var tokenizer = SmallTokenizers.Get("baichuan");

        Assert.Equal([tokenizer.IdOf("<table>")!.Value, tokenizer.IdOf("。。。")!.Value, tokenizer.IdOf("\t")!.Value],
            tokenizer.Encode("<table>。。。\t"));
    }

    [Fact]
    public void Bytes_that_are_no_character_become_one_replacement_each()
    {
        var tokenizer = SmallTokenizers.Get("chatglm");
        int Byte(int value) => tokenizer.IdOf($"<0x{value:X2}>")!.Value;

        Assert.Equal("a\uFFFD\uFFFD你\uFFFD", tokenizer.Decode(
            [tokenizer.IdOf("a")!.Value, Byte(0xE4), Byte(0xBD), tokenizer.IdOf("你")!.Value, Byte(0xE4)]));
        var stream = tokenizer.Stream();
        Assert.Equal(["", "", "你"], new[] { 0xE4, 0xBD, 0xA0 }.Select(value => stream.Append(Byte(value))));
    }

    [Theory]
    [InlineData("chatglm", "ab")]
    [InlineData("chatglm", "银行基金")]
    [InlineData("baichuan", "ab")]
    [InlineData("baichuan", "a ")]
    public void A_line_of_a_megabyte_takes_a_moment(string name, string pattern)
    {
        var tokenizer = SmallTokenizers.Get(name);
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
