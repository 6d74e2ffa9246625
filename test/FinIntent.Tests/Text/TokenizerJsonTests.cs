using System.Text.Json.Nodes;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class TokenizerJsonTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-tokenizer-").FullName;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Merges_are_read_in_both_syntaxes(bool asLists)
    {
        var tokenizer = Load(root => root["model"]!["merges"] = asLists
            ? new JsonArray(new JsonArray("a", "b"), new JsonArray("ab", "a"))
            : new JsonArray("a b", "ab a"));

        Assert.Equal([257, 97], tokenizer.Encode("abaa"));
        Assert.Equal(259, tokenizer.VocabularySize);
    }

    [Fact]
    public void A_whole_piece_beats_the_merges_when_the_file_says_so()
    {
        Assert.Equal([256, 97], Load(_ => { }).Encode("aba"));
        Assert.Equal([257], Load(root => root["model"]!["ignore_merges"] = true).Encode("aba"));
    }

    [Theory]
    [InlineData("normalizer", """{"type":"NFKC"}""", "NFKC")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace"}""", "Metaspace")]
    [InlineData("pre_tokenizer", "null", "pre_tokenizer is null")]
    [InlineData("model.type", "\"Unigram\"", "Unigram")]
    [InlineData("model.byte_fallback", "true", "byte_fallback")]
    [InlineData("model.merges", """["a nosuch"]""", "a nosuch")]
    [InlineData("model.merges", """["ab"]""", "ab")]
    [InlineData("model.vocab", """{"a":0}""", "byte 0x00")]
    [InlineData("model.vocab", """{"a":"b"}""", "tokenizer.json: model.vocab.a: expected an id from 0 to 4194303, got \"b\"")]
    public void What_is_not_supported_is_refused_by_name(string key, string value, string named)
    {
        var error = Assert.Throws<UserErrorException>(() => Load(root =>
        {
            var place = key.StartsWith("model.") ? root["model"]! : root;
            if (key == "model.vocab") place["merges"] = new JsonArray();
            place[key.Replace("model.", "")] = JsonNode.Parse(value);
        }));

        Assert.Contains(named, error.Message);
        Assert.Contains(_folder, error.Message);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_named()
    {
        var error = Assert.Throws<UserErrorException>(() => Tokenizer.Load(_folder));

        Assert.Contains(_folder, error.Message);
    }

    [Fact]
    public void Special_tokens_are_named_by_a_string_or_an_object()
    {
        File.WriteAllText(
            Path.Combine(_folder, "tokenizer_config.json"),
            """{"bos_token":null,"eos_token":"<end>","pad_token":{"content":"<end>","lstrip":false}}""");
        var tokenizer = Load(_ => { });

        Assert.Equal((null, 258, 258), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
    }

    [Fact]
    public void A_template_whose_end_token_is_missing_says_where_to_name_it()
    {
        var error = Assert.Throws<UserErrorException>(() => ChatTemplate.Get("default", Load(_ => { })));

        Assert.Contains("eos_token", error.Message);
        Assert.Contains("tokenizer_config.json", error.Message);
    }

    Tokenizer Load(Action<JsonNode> edit)
    {
        var root = Small();
        edit(root);
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), root.ToJsonString());
        return Tokenizer.Load(_folder);
    }

    /// <summary>Byte b has id b; ab is 256 and aba 257, but only ab can be merged; an end token.</summary>
    static JsonNode Small()
    {
        var vocabulary = new JsonObject();
        var next = 0x100;
        for (var b = 0; b < 0x100; b++) vocabulary[$"{(char)(b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++)}"] = b;
        vocabulary["ab"] = 256;
        vocabulary["aba"] = 257;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 258, ["content"] = "<end>", ["special"] = true }),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["model"] = new JsonObject { ["type"] = "BPE", ["merges"] = new JsonArray("a b"), ["vocab"] = vocabulary },
        };
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
