using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

/// <summary>The chat_template that is written beside trained weights gives other programs the tokens that training used.</summary>
public sealed class JinjaTests
{
    static string Folder => Reference.Path("fixtures/templates/jinja");

    sealed record Rendered(Message[][] Conversations, Dictionary<string, string[]> Texts);

    static readonly Rendered Cases = Read();

    static Rendered Read()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "rendered.json")));
        return new(json.RootElement.GetProperty("conversations").Deserialize<Message[][]>(JsonSerializerOptions.Web)!,
            json.RootElement.GetProperty("rendered").Deserialize<Dictionary<string, string[]>>()!);
    }

    /// <summary>Name of the file, template, tokenizer, system text, thinking.</summary>
    public static TheoryData<string, string, string, string?, bool> Templates => new()
    {
        { "qwen", "qwen", "qwen", null, false },
        { "qwen-system", "qwen", "qwen", "它说：\"{{ a }}\"\n'b' \\ {% c %}", false },
        { "qwen3", "qwen3", "qwen", null, false },
        { "qwen3-thinking", "qwen3", "qwen", null, true },
        { "qwen3_nothink", "qwen3_nothink", "qwen", null, false },
        { "llama3", "llama3", "llama3", null, false },
        { "glm4", "glm4", "glm4", null, false },
        { "default", "default", "gpt2", null, false },
        { "alpaca", "alpaca", "gpt2", null, false },
        { "empty", "empty", "gpt2", null, false },
    };

    /// <summary>What Jinja itself made (make/make_chat_templates.py), cut at the special tokens and encoded, is the prompt.</summary>
    [Theory, MemberData(nameof(Templates))]
    public void A_program_renders_to_the_tokens_that_training_used(
        string file, string name, string tokenizerName, string? system, bool enableThinking)
    {
        var tokenizer = SmallTokenizers.Get(tokenizerName);
        var template = ChatTemplate.Get(name, tokenizer, system, enableThinking);
        var path = Path.Combine(Folder, $"{file}.jinja");
        File.WriteAllText(Path.ChangeExtension(path, ".received.jinja"), template.ToJinja());
        Approved.Compare(path, template.ToJinja()!, "take the .received file and run make/make_chat_templates.py");
        File.Delete(Path.ChangeExtension(path, ".received.jinja"));

        foreach (var (messages, text) in Cases.Conversations.Zip(Cases.Texts[file]))
        {
            // In a text a template without thoughts keeps the words, where other programs see the token.
            if (name != "qwen3" && messages.Any(message => message.Content.Contains("<think>"))) continue;
            var given = messages[0].Role == "system" ? messages[0].Content : null;
            Message[] turns = [.. messages.Where(message => message.Role != "system")];

            Assert.Equal(template.EncodePrompt(new(given, turns)), EncodeWithTokens(text, tokenizer));
        }
    }

    [Theory]
    [InlineData("chatglm3", "chatglm")]
    [InlineData("baichuan2", "baichuan")]
    public void A_tokenizer_that_adds_blanks_of_its_own_gets_no_program(string name, string tokenizer) =>
        Assert.Null(ChatTemplate.Get(name, SmallTokenizers.Get(tokenizer)).ToJinja());

    /// <summary>As the tokenizers library encodes a text: special tokens first, then what is between them.</summary>
    static int[] EncodeWithTokens(string text, Tokenizer tokenizer)
    {
        var names = Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsSpecial)
            .Select(id => tokenizer.Decode([id], skipSpecialTokens: false)).Concat(["<think>", "</think>"]).Distinct().Select(Regex.Escape);
        List<int> ids = [];
        foreach (var part in Regex.Split(text, $"({string.Join('|', names)})"))
            if (part.StartsWith('<') && tokenizer.IdOf(part) is { } id) ids.Add(id);
            else if (part.StartsWith("[") && tokenizer.IdOf(part) is { } mark && tokenizer.IsSpecial(mark)) ids.Add(mark);
            else if (part.Length > 0) tokenizer.Encode(part, ids);
        return [.. ids];
    }
}
