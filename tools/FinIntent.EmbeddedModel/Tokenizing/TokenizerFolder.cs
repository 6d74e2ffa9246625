using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Files;

namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>Writes a vocabulary as Hugging Face's tokenizer files, and the configuration of the model that uses it.</summary>
static class TokenizerFolder
{
    public const int ModelVocabulary = 8192;

    public static IReadOnlyList<string> SpecialTokens { get; } = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];


    // Template "default", for programs that read Jinja.
    const string ChatTemplate =
        "{% for message in messages %}{% if message['role'] == 'system' %}{{ 'System: ' + message['content'] + eos_token + '\\n' }}" +
        "{% elif message['role'] == 'user' %}{{ 'Human: ' + message['content'] + eos_token + '\\nAssistant:' }}" +
        "{% else %}{{ message['content'] + eos_token + '\\n' }}{% endif %}{% endfor %}";

    public static void Write(string folder, Vocabulary vocabulary)
    {
        var endOfText = vocabulary.Tokens.Count;
        WriteJson(Path.Combine(folder, "tokenizer.json"), Tokenizer(vocabulary));
        WriteJson(Path.Combine(folder, "tokenizer_config.json"), TokenizerConfig(endOfText));
        WriteJson(Path.Combine(folder, "config.json"), ModelConfig(endOfText));
        WriteJson(Path.Combine(folder, "generation_config.json"), new JsonObject
        {
            ["eos_token_id"] = endOfText,
            ["pad_token_id"] = endOfText,
            ["do_sample"] = false,
        });
    }

    static JsonObject Tokenizer(Vocabulary vocabulary)
    {
        var names = vocabulary.Tokens.Select(ByteNames.Of).ToArray();
        return new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(
                [.. SpecialTokens.Select((content, i) => AddedToken(content, names.Length + i, withId: true))]),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Split",
                        ["pattern"] = new JsonObject { ["Regex"] = WordCounts.Pattern },
                        ["behavior"] = "Isolated",
                        ["invert"] = false,
                    },
                    ByteLevel()),
            },
            ["post_processor"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(names.Select((name, id) => KeyValuePair.Create(name, (JsonNode?)id))),
                ["merges"] = new JsonArray([.. vocabulary.Merges.Select(merge => new JsonArray(names[merge.Left], names[merge.Right]))]),
            },
        };
    }

    static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    static JsonObject AddedToken(string content, int id, bool withId)
    {
        var token = new JsonObject
        {
            ["content"] = content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        };
        if (withId) token.Insert(0, "id", id);
        return token;
    }

    static JsonObject TokenizerConfig(int firstSpecial) => new()
    {
        ["add_prefix_space"] = false,
        ["added_tokens_decoder"] = new JsonObject(SpecialTokens.Select((content, i) =>
            KeyValuePair.Create($"{firstSpecial + i}", (JsonNode?)AddedToken(content, 0, withId: false)))),
        ["additional_special_tokens"] = new JsonArray([.. SpecialTokens.Skip(1).Select(t => (JsonNode)t)]),
        ["bos_token"] = null,
        ["chat_template"] = ChatTemplate,
        ["clean_up_tokenization_spaces"] = false,
        ["eos_token"] = SpecialTokens[0],
        ["errors"] = "replace",
        ["model_max_length"] = 1024,
        ["pad_token"] = SpecialTokens[0],
        ["split_special_tokens"] = false,
        ["tokenizer_class"] = "Qwen2Tokenizer",
        ["unk_token"] = null,
    };

    static JsonObject ModelConfig(int endOfText) => new()
    {
        ["architectures"] = new JsonArray("Qwen2ForCausalLM"),
        ["model_type"] = "qwen2",
        ["vocab_size"] = ModelVocabulary,
        ["hidden_size"] = 256,
        ["intermediate_size"] = 704,
        ["num_hidden_layers"] = 8,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = 1024,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = true,
        ["use_sliding_window"] = false,
        ["attention_dropout"] = 0.0,
        ["initializer_range"] = 0.02,
        ["eos_token_id"] = endOfText,
        ["pad_token_id"] = endOfText,
        ["torch_dtype"] = "bfloat16",
    };

    static void WriteJson(string path, JsonObject content) => JsonFile.Write(path, content);
}
