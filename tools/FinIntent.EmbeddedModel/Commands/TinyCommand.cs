using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.EmbeddedModel.Tokenizing;
using FinIntent.Files;
using FinIntent.Models;
using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.EmbeddedModel.Commands;

/// <summary>
/// The model folders that only show the chain: a family's real configuration made narrow, random weights, and a tokenizer of the 256 bytes
/// with the special tokens that the family's template needs.
/// </summary>
static class TinyCommand
{
    const int Bytes = 256, Rows = 272, Positions = 2048;

    static readonly (string Key, int Value)[] Narrow =
    [
        ("hidden_size", 64), ("intermediate_size", 96), ("ffn_hidden_size", 96), ("num_hidden_layers", 2), ("num_layers", 2),
            ("num_attention_heads", 4),
        ("num_key_value_heads", 2), ("kv_channels", 16), ("vocab_size", Rows), ("padded_vocab_size", Rows),
            ("max_position_embeddings", Positions),
        ("model_max_length", Positions), ("seq_length", Positions),
    ];

    static readonly (string Folder, string Known, string? Bos, string Eos, string[] Tokens)[] Families =
    [
        ("qwen2", "qwen2.5-7b-instruct", null, "<|im_end|>", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        ("llama", "llama-3-8b-instruct", "<|begin_of_text|>", "<|eot_id|>",
            ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"]),
        ("chatglm", "chatglm3-6b", null, "</s>",
            ["<unk>", "</s>", "[gMASK]", "sop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]),
        ("baichuan", "baichuan2-7b-chat", "<s>", "</s>", ["<unk>", "<s>", "</s>", "<reserved_106>", "<reserved_107>"]),
    ];


    public static Command Build()
    {
        var output = new Option<string>("--out") { Description = "Folder for a folder of each family.", Required = true };
        var seed = new Option<int>("--seed") { Description = "Seed of the weights.", DefaultValueFactory = _ => 1 };
        var command = new Command("tiny", "Write tiny models with random weights, one of each family.") { output, seed };
        command.SetAction(arguments =>
        {
            LibTorch.Load();
            foreach (var (folder, known, bos, eos, tokens) in Families)
                Write(Path.Combine(arguments.GetRequiredValue(output), folder), known, bos, eos, tokens, arguments.GetRequiredValue(seed));
        });
        return command;
    }

    static void Write(string folder, string known, string? bos, string eos, string[] tokens, int seed)
    {
        var config = JsonNode.Parse(KnownModels.Find(known)!.Value.GetRawText())!.AsObject();
        foreach (var (key, value) in Narrow)
            if (config.ContainsKey(key)) config[key] = value;
        var ids = tokens.Index().ToDictionary(t => t.Item, t => Bytes + t.Index);
        config["eos_token_id"] = ids[eos];
        if (config.ContainsKey("pad_token_id")) config["pad_token_id"] = ids[tokens[0]];
        if (bos is not null) config["bos_token_id"] = ids[bos];
        Save(folder, Checkpoint.ConfigName, config);
        Save(folder, "tokenizer.json", Tokenizer(tokens));
        Save(folder, "tokenizer_config.json", new JsonObject { ["bos_token"] = bos, ["eos_token"] = eos, ["pad_token"] = tokens[0] });

        using var scope = NewDisposeScope();
        using var random = RandomModel.Create(config.Deserialize<JsonElement>(), Placement.Cpu(), seed);
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsWriter.SingleName),
            random.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter.to(ScalarType.BFloat16))),
                new Dictionary<string, string> { ["format"] = "pt" });
        Console.WriteLine($"{folder}: {random.parameters().Sum(p => p.numel())} weights");
    }

    static JsonObject Tokenizer(string[] tokens) => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(
            [.. tokens.Select((content, i) => (JsonNode)new JsonObject { ["id"] = Bytes + i, ["content"] = content, ["special"] = true })]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["merges"] = new JsonArray(),
            ["vocab"] = new JsonObject(Enumerable.Range(0, Bytes).Select(b => KeyValuePair.Create(ByteNames.Of([(byte)b]), (JsonNode?)b))),
        },
    };

    static void Save(string folder, string name, JsonObject json)
    {
        Directory.CreateDirectory(folder);
        JsonFile.Write(Path.Combine(folder, name), json);
    }
}
