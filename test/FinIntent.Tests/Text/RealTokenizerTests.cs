using System.Text.Json;
using FinIntent.Generation;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

/// <summary>The tokenizers of real models, in ../shared: ids of the tokenizers and sentencepiece libraries and of llama.cpp.</summary>
[Trait("tier", "shared")]
public sealed class RealTokenizerTests
{
    sealed record Fixture(TokenizerCase[] Cases);

    [Theory]
    [InlineData("qwen3")]
    [InlineData("llama3")]
    [InlineData("chatglm3-6b")]
    [InlineData("baichuan2-7b-chat")]
    public void Every_reference_text_gives_the_reference_ids_and_back(string name)
    {
        var tokenizer = RealTokenizers.Get(name);
        var json = File.ReadAllText(Reference.Shared($"fixtures/tokenizers/{name}.json"));
        // The tokenizers library finds special tokens in a text, sentencepiece does not.
        var isByteLevel = json.StartsWith('[');
        var cases = isByteLevel
            ? JsonSerializer.Deserialize<TokenizerCase[]>(json, JsonSerializerOptions.Web)!
            : JsonSerializer.Deserialize<Fixture>(json, JsonSerializerOptions.Web)!.Cases;

        Assert.Equal(34, cases.Length);
        Assert.All(cases, c => Assert.Equal(c.Ids,
            isByteLevel ? ByteLevelTokenizerTests.EncodeWithSpecials(tokenizer, c.Text) : tokenizer.Encode(c.Text)));
        Assert.All(cases, c => Assert.Equal(c.Decoded, tokenizer.Decode(c.Ids, skipSpecialTokens: false)));
    }

    [Theory]
    [InlineData("qwen2", "qwen2")]
    [InlineData("qwen3", "qwen2")]
    [InlineData("llama3", "llama-bpe")]
    public void Every_llama_cpp_text_gives_its_ids_and_back(string name, string file)
    {
        var tokenizer = RealTokenizers.Get(name);
        var texts = File.ReadAllText(Reference.Shared($"tokenizers/ggml-vocab-{file}.gguf.inp")).Split("\n__ggml_vocab_test__\n");
        var lines = File.ReadAllText(Reference.Shared($"tokenizers/ggml-vocab-{file}.gguf.out")).Split('\n');

        Assert.Equal((47, 47), (texts.Length, lines.Length));
        for (var i = 0; i < lines.Length; i++)
        {
            int[] ids = [.. lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            Assert.Equal(ids, tokenizer.Encode(texts[i]));
            Assert.Equal(NormalizationFormC.Normalize(texts[i]), tokenizer.Decode(ids));
        }
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
    [InlineData("qwen2", 151665, null, 151645, 151643)]
    [InlineData("qwen3", 151669, null, 151645, 151643)]
    [InlineData("llama3", 128256, 128000, 128001, null)]
    [InlineData("chatglm3-6b", 64798, 1, 2, 0)]
    [InlineData("baichuan2-7b-chat", 125696, 1, 2, 0)]
    public void Sizes_and_special_ids_are_those_of_the_files(string name, int size, int? bos, int? eos, int? pad)
    {
        var tokenizer = RealTokenizers.Get(name);

        Assert.Equal((size, bos, eos, pad), (tokenizer.VocabularySize, tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
    }

    [Theory]
    [InlineData("qwen3", "<|im_start|>", 151644)]
    [InlineData("qwen3", "<think>", 151667)]
    [InlineData("qwen3", "Ċ", 198)]
    [InlineData("chatglm3-6b", "<|user|>", 64795)]
    [InlineData("chatglm3-6b", "[gMASK]", 64790)]
    [InlineData("chatglm3-6b", "sop", 64792)]
    [InlineData("baichuan2-7b-chat", "<reserved_106>", 195)]
    [InlineData("baichuan2-7b-chat", "</s>", 2)]
    public void Tokens_are_found_by_name(string name, string token, int id) => Assert.Equal(id, RealTokenizers.Get(name).IdOf(token));

    [Theory]
    [InlineData("qwen", "qwen3")]
    [InlineData("llama3", "llama3")]
    [InlineData("chatglm3", "chatglm3-6b")]
    [InlineData("baichuan2", "baichuan2-7b-chat")]
    [InlineData("default", "qwen3-endoftext")]
    [InlineData("alpaca", "qwen3-endoftext")]
    [InlineData("empty", "qwen3-endoftext")]
    public void Rows_labels_and_prompts_are_LLaMA_Factorys(string name, string tokenizer) =>
        TemplateFixture.AssertSame(Reference.Shared("fixtures/templates/supervised.json"), name, RealTokenizers.Get(tokenizer));

    [Theory]
    [InlineData("qwen", "qwen3", new[] { 151645 })]
    [InlineData("qwen3", "qwen3", new[] { 151645 })]
    [InlineData("llama3", "llama3", new[] { 128009 })] // Llama-3's own eos is 128001, and it has no <|eom_id|>
    [InlineData("default", "qwen3-endoftext", new[] { 151643 })]
    [InlineData("chatglm3", "chatglm3-6b", new[] { 2, 64795, 64797 })]
    [InlineData("baichuan2", "baichuan2-7b-chat", new[] { 2 })]
    public void Answers_stop_at_the_end_token_and_the_stop_words(string name, string tokenizer, int[] ids) =>
        Assert.Equal(ids, ChatTemplate.Get(name, RealTokenizers.Get(tokenizer)).StopTokenIds);

    // The prompt is what the chat_template in Qwen3's tokenizer_config.json writes with enable_thinking false, and without it true.
    [Fact]
    public void Qwen3_thinks_nothing_or_something_before_its_answer()
    {
        var tokenizer = RealTokenizers.Get("qwen3");
        int[] prompt = [151644, 872, 198, 108386, 151645, 198, 151644, 77091, 198];
        Conversation asked = new(null, [new("user", "你好")]);

        Assert.Equal([.. prompt, 151667, 271, 151668, 271], ChatTemplate.Get("qwen3", tokenizer).EncodePrompt(asked));
        Assert.Equal(prompt, ChatTemplate.Get("qwen3", tokenizer, enableThinking: true).EncodePrompt(asked));
    }

    /// <summary>The numbers of the pieces A to E (▁A to ▁E in ChatGLM3) in the vocabulary files; ChatGLM3's answers begin with a line break
    /// (▁, byte 10).</summary>
    [Theory]
    [InlineData("qwen2", "qwen", "", "32 33 34 35 36")]
    [InlineData("qwen3", "qwen3", "", "32 33 34 35 36")]
    [InlineData("llama3", "llama3", "", "32 33 34 35 36")]
    [InlineData("chatglm3-6b", "chatglm3", "30910 13", "316 347 319 367 397")]
    [InlineData("baichuan2-7b-chat", "baichuan2", "", "92343 92359 92344 92363 92367")]
    public void Every_familys_letters_are_one_token_behind_their_lead(string tokenizer, string template, string lead, string letters)
    {
        var answers = OptionAnswers.For(ChatTemplate.Get(template, RealTokenizers.Get(tokenizer)), ["A", "B", "C", "D", "E"]);

        Assert.Equal(lead, string.Join(' ', answers.Lead));
        Assert.Equal(letters, string.Join(' ', answers.Tails.Select(t => Assert.Single(t))));
    }
}
