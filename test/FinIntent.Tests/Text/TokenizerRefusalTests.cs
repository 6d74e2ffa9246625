using System.Text.Json.Nodes;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

/// <summary>Tokenizer files with one wrong value: the message names the file and the key.</summary>
public sealed class TokenizerRefusalTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public TokenizerRefusalTests() => Copy("qwen", "tokenizer.json", "tokenizer_config.json");

    public void Dispose() => _folder.Dispose();

    void Copy(string tokenizer, params string[] names)
    {
        foreach (var name in names) File.Copy(Path.Combine(SmallTokenizers.Folder(tokenizer), name), _folder[name], overwrite: true);
    }

    void Edit(string name, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(_folder[name]))!.AsObject();
        edit(json);
        _folder.Write(name, json.ToJsonString());
    }

    string Error() => Assert.Throws<UserErrorException>(() => Tokenizer.Load(_folder.Path)).Message;

    [Theory]
    [InlineData("added_tokens", "7", "added_tokens: expected a list, got 7")]
    [InlineData("added_tokens", "[7]", "added_tokens[0].id: expected a whole number, got nothing")]
    [InlineData("added_tokens", """[{"id": -5, "content": "<z>"}]""", "added_tokens[0]: the id -5 is out of range")]
    [InlineData("added_tokens", """[{"id": 1900000000, "content": "<z>"}]""", "added_tokens[0]: the id 1900000000 is out of range")]
    [InlineData("added_tokens", """[{"id": 1.5, "content": "<z>"}]""", "added_tokens[0].id: expected a whole number, got 1.5")]
    [InlineData("added_tokens", """[{"id": 700}]""", "added_tokens[0]: expected an object with the key \"content\", got an object")]
    [InlineData("added_tokens", """[{"id": 700, "content": null}]""", "added_tokens[0].content: expected a text, got null")]
    [InlineData("added_tokens", """[{"id": 700, "content": "a", "special": 1}]""", "added_tokens[0].special: expected true or false, got 1")]
    [InlineData("normalizer", "[]", "normalizer: expected an object or null, got a list")]
    [InlineData("normalizer", """{"type": 4}""", "normalizer.type: expected a text, got 4")]
    [InlineData("normalizer", """{"type": "Sequence"}""", "normalizer.normalizers: expected a list, got nothing")]
    [InlineData("pre_tokenizer", """{"type": "Split"}""", "pre_tokenizer.pattern: expected an object with the key \"Regex\" or \"String\"")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": 3}}""", "pre_tokenizer.pattern.Regex: expected a text, got 3")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel", "use_regex": "no"}""", "pre_tokenizer.use_regex: expected true or false")]
    [InlineData("model", "[]", "model: expected an object, got a list")]
    [InlineData("model.type", "1", "model.type: expected a text, got 1")]
    [InlineData("model.vocab", "\"x\"", "model.vocab: expected an object, got \"x\"")]
    [InlineData("model.vocab", """{"a": -1}""", "model.vocab.a: expected an id from 0 to 4194303, got -1")]
    [InlineData("model.vocab", """{"a": 3, "b": 3}""", "model.vocab.b: the token, or its id 3, stands twice")]
    [InlineData("model.merges", "{}", "model.merges: expected a list, got an object")]
    [InlineData("model.merges", "[[\"a\"]]", "model.merges: expected two tokens and a blank between them")]
    [InlineData("model.merges", "[\"ab\"]", "a blank between them, or a list of two tokens, got \"ab\"")]
    [InlineData("model.ignore_merges", "\"yes\"", "model.ignore_merges: expected true or false, got \"yes\"")]
    public void A_wrong_value_of_tokenizer_json_is_named_with_its_key(string key, string value, string message)
    {
        Edit("tokenizer.json", root =>
        {
            var place = key.StartsWith("model.") ? root["model"]!.AsObject() : root;
            place[key.Replace("model.", "")] = JsonNode.Parse(value);
        });

        Assert.Contains("tokenizer.json: ", Error());
        Assert.Contains(message, Error());
    }

    [Theory]
    [InlineData("eos_token", "5", "eos_token: expected a text, got 5")]
    [InlineData("bos_token", "{}", "bos_token: the key \"content\" is missing")]
    [InlineData("tokenizer_class", "[]", "tokenizer_class: expected a text, got a list")]
    [InlineData("added_tokens_decoder", "[]", "added_tokens_decoder: expected an object, got a list")]
    [InlineData("added_tokens_decoder", """{"88888888888888888888": {"content": "<z>"}}""", "the key \"88888888888888888888\" is no id")]
    [InlineData("added_tokens_decoder", """{"1900000000": {"content": "<z>"}}""", "the id 1900000000 is out of range")]
    public void A_wrong_value_of_tokenizer_config_json_is_named_with_its_key(string key, string value, string message)
    {
        Edit("tokenizer_config.json", root => root[key] = JsonNode.Parse(value));

        Assert.Contains("tokenizer_config.json: ", Error());
        Assert.Contains(message, Error());
    }

    [Theory]
    [InlineData("[[1]]", "chat_template[0]: expected an object with \"name\" and \"template\", got a list")]
    [InlineData("[{\"name\": \"default\"}]", "chat_template[0]: expected an object with \"name\" and \"template\"")]
    [InlineData("9", "chat_template: expected a text, got 9")]
    public void A_wrong_chat_template_is_named_with_its_key(string value, string message)
    {
        Edit("tokenizer_config.json", root => root["chat_template"] = JsonNode.Parse(value));

        Assert.Contains(message, Assert.Throws<UserErrorException>(() => PublishedTemplate.Find(_folder.Path)).Message);
    }

    [Fact]
    public void A_pattern_that_tries_all_ways_through_a_text_ends_in_time_and_is_named()
    {
        Edit("tokenizer.json", root => root["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [
             {"type": "Split", "pattern": {"Regex": "(x+x+)+y"}, "behavior": "Isolated", "invert": false},
             {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """));
        var tokenizer = Tokenizer.Load(_folder.Path);

        var error = Assert.Throws<UserErrorException>(() => tokenizer.Encode(new string('x', 60)));

        Assert.Contains("tokenizer.json: pre_tokenizer: the pattern \"(x+x+)+y\" takes longer than 1 s", error.Message);
    }

    [Fact]
    public void Tokenizer_model_is_used_where_tokenizer_json_is_of_a_kind_that_is_not_read()
    {
        Copy("baichuan", "tokenizer.model", "tokenizer_config.json");
        _folder.Write("tokenizer.json", """
            {"version": "1.0", "added_tokens": [{"id": 9000, "content": "<more>", "special": true}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}]},
             "pre_tokenizer": null, "model": {"type": "BPE", "byte_fallback": true, "vocab": {"<unk>": 0}, "merges": []}}
            """);

        var tokenizer = Tokenizer.Load(_folder.Path);

        Assert.Equal(SmallTokenizers.Get("baichuan").Encode("明天会下雨吗"), tokenizer.Encode("明天会下雨吗"));
        Assert.Equal(9000, tokenizer.IdOf("<more>"));
        Assert.Contains("tokenizer.model is used, since", tokenizer.Note);
        Assert.Contains("normalizer is Prepend", tokenizer.Note);
    }

    [Fact]
    public void A_damaged_tokenizer_json_is_told_though_tokenizer_model_is_beside_it()
    {
        Copy("baichuan", "tokenizer.model");
        Edit("tokenizer.json", root => root["added_tokens"] = 3);

        Assert.Contains("tokenizer.json: added_tokens: expected a list, got 3", Error());
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    public void A_git_lfs_pointer_is_named_as_such(string name)
    {
        File.Delete(_folder["tokenizer.json"]);
        _folder.Write(name, "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5000\n");

        Assert.Contains($"{name}: this is a Git LFS pointer", Error());
    }

    [Fact]
    public void A_damaged_tokenizer_model_is_told_in_our_own_words()
    {
        File.Delete(_folder["tokenizer.json"]);
        var bytes = File.ReadAllBytes(Path.Combine(SmallTokenizers.Folder("chatglm"), "tokenizer.model"));
        File.WriteAllBytes(_folder["tokenizer.model"], bytes[..^20]);

        Assert.Contains("tokenizer.model is no SentencePiece model, or a damaged one", Error());
    }
}
