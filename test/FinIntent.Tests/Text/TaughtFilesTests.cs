using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

/// <summary>What other programs read beside trained weights says what was taught: where answers end, and how turns are written.</summary>
public sealed class TaughtFilesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public TaughtFilesTests()
    {
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(Path.Combine(SmallTokenizers.Folder("qwen"), name), _folder[name]);
    }

    public void Dispose() => _folder.Dispose();

    ChatTemplate Template(string name = "qwen", string? system = null) => ChatTemplate.Get(name, Tokenizer.Load(_folder.Path), system);

    JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(_folder[name]))!.AsObject();

    int End => Tokenizer.Load(_folder.Path).IdOf("<|im_end|>")!.Value;

    [Theory]
    [InlineData("7")]
    [InlineData("[7]")]
    public void The_templates_end_joins_the_models_own(string before)
    {
        var end = End;
        _folder.Write("generation_config.json", $$"""{"eos_token_id": {{before}}, "temperature": 0.6}""");
        _folder.Write("config.json", $$"""{"model_type": "qwen2", "eos_token_id": {{before}}, "bos_token_id": 7}""");

        var told = TaughtFiles.Write(_folder.Path, Template());

        Assert.Equal($"[{end},7]", Read("generation_config.json")["eos_token_id"]!.ToJsonString());
        Assert.Equal($"[{end},7]", Read("config.json")["eos_token_id"]!.ToJsonString());
        Assert.Equal("0.6", Read("generation_config.json")["temperature"]!.ToJsonString());
        Assert.Contains($"generation_config.json: eos_token_id is [{end},7]", told);
        Assert.Empty(TaughtFiles.Write(_folder.Path, Template())); // a second time changes nothing
    }

    [Fact]
    public void Generation_config_is_written_where_there_was_none()
    {
        var end = End;
        _folder.Write("config.json", """{"model_type": "qwen2", "bos_token_id": 7}""");

        TaughtFiles.Write(_folder.Path, Template());

        Assert.Equal($$"""{"bos_token_id":7,"eos_token_id":{{end}}}""", Read("generation_config.json").ToJsonString());
    }

    [Fact]
    public void The_tokenizers_end_is_the_templates_where_it_takes_its_place()
    {
        _folder.Write("special_tokens_map.json", """{"eos_token": {"content": "<|endoftext|>"}, "pad_token": "<|endoftext|>"}""");

        TaughtFiles.Write(_folder.Path, Template());

        Assert.Equal("<|im_end|>", (string?)Read("tokenizer_config.json")["eos_token"]);
        Assert.Equal("""{"eos_token":"<|im_end|>","pad_token":"<|endoftext|>"}""",
            JsonSerializer.Serialize(Read("special_tokens_map.json")).Replace("\\u003C", "<").Replace("\\u003E", ">"));
        Assert.Equal(End, Tokenizer.Load(_folder.Path).EosTokenId);
    }

    [Fact]
    public void A_chat_template_is_written_where_there_was_none()
    {
        TaughtFiles.Write(_folder.Path, Template(system: "你是客服。"));

        Assert.Equal(Template(system: "你是客服。").ToJinja(), (string?)Read("tokenizer_config.json")["chat_template"]);
    }

    [Theory]
    [InlineData("{{ 'Human: ' + messages[0]['content'] }}", true)]
    [InlineData("{{ '<|im_start|>user' }}{{ '<|im_end|>' }} You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", false)]
    [InlineData("{{ '<|im_start|>user' }}{{ '<|im_end|>' }} Another system text.", true)]
    public void A_chat_template_is_replaced_only_where_it_is_another_one(string published, bool isReplaced)
    {
        _folder.Write("chat_template.jinja", published);

        var told = TaughtFiles.Write(_folder.Path, Template());

        Assert.Equal(isReplaced ? Template().ToJinja() : published, File.ReadAllText(_folder["chat_template.jinja"]));
        Assert.Equal(isReplaced, told.Contains(
            "chat_template is that of template qwen: the base's was another one, in chat_template.jinja"));
    }

    [Fact]
    public void A_wrong_value_is_named_with_its_key()
    {
        _folder.Write("generation_config.json", """{"eos_token_id": "x"}""");

        var error = Assert.Throws<UserErrorException>(() => TaughtFiles.Write(_folder.Path, Template()));

        Assert.Contains("generation_config.json: eos_token_id: expected an id or a list of ids, got \"x\"", error.Message);
    }
}
