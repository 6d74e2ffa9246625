using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Text;
using TorchSharp;

namespace FinIntent.Fuzz;

/// <summary>The files of models, adapters and tokenizers.</summary>
static class ModelReaders
{
    const string Fixtures = "test/fixtures", Tiny = "models/tiny";

    static readonly string[] Families = ["qwen2", "llama", "chatglm", "baichuan", "qwen3"];

    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        new("config.json", Format.Json, "config.json", Sketch)
        {
            Seeds = [.. Families.Select(family => Seeds.File($"{Fixtures}/{family}/config.json"))],
            Covers = "Checkpoint ConfigReader KnownModels PretrainedModel",
        },
        new("config.json of weights", Format.Json, "config.json", Load)
        {
            Seeds = [Seeds.File($"{Fixtures}/qwen2/config.json")],
            Covers = "StrictLoad",
            Prepare = Seeds.Beside($"{Fixtures}/qwen2", "config.json"),
        },
        new("generation_config.json", Format.Json, "generation_config.json", path => Provenance.Read(Folder(path)))
        {
            Seeds = [Seeds.File("models/finintent-8m/generation_config.json")],
            Covers = "GenerationConfig",
        },
        new("model.safetensors", Format.Bytes, "model.safetensors", Load)
        {
            Seeds = [Seeds.File($"{Fixtures}/qwen3/model.safetensors")],
            Covers = "SafetensorsFile SafetensorsHeader TensorFile TensorStaging",
            Prepare = Seeds.Beside($"{Fixtures}/qwen3", "model.safetensors"),
        },
        new("safetensors", Format.Bytes, "x.safetensors", Tensors(SafetensorsFile.Open))
        {
            Seeds = [SmallTensors(), Seeds.Record("finished/adapter_model.safetensors")],
            Covers = "SafetensorsFile",
        },
        new("pytorch_model.bin", Format.Bytes, "pytorch_model.bin", Tensors(TorchBinFile.Open))
        {
            Seeds = [Seeds.File($"{Fixtures}/baichuan/pytorch_model.bin")],
            Covers = "TorchBinFile StoredZip TensorPickle",
        },
        new("index.json", Format.Json, "model.safetensors.index.json", path => Checkpoint.Open(Folder(path)).Dispose())
        {
            Seeds = [Seeds.Text("""
                {"metadata": {"total_size": 100},
                 "weight_map": {"model.embed_tokens.weight": "shard.safetensors", "lm_head.weight": "shard.safetensors"}}
                """)],
            Covers = "ShardIndex",
            Prepare = folder =>
            {
                Seeds.Beside($"{Fixtures}/qwen2", "model.safetensors")(folder);
                Seeds.Link($"{Fixtures}/qwen2/model.safetensors", Path.Combine(folder, "shard.safetensors"));
            },
        },
        new("adapter_config.json", Format.Json, "adapter_config.json", LoadAdapter)
        {
            Seeds = [Seeds.File($"{Fixtures}/qwen2/lora_init/adapter_config.json")],
            Covers = "AdapterConfig LoraAdapters",
            Prepare = Seeds.Beside($"{Fixtures}/qwen2/lora_init", "adapter_config.json"),
        },
        new("adapter_model.safetensors", Format.Bytes, "adapter_model.safetensors", LoadAdapter)
        {
            Seeds = [Seeds.File($"{Fixtures}/qwen2/lora_init/adapter_model.safetensors")],
            Covers = "AdapterWeights AdapterFile",
            Prepare = Seeds.Beside($"{Fixtures}/qwen2/lora_init", "adapter_model.safetensors"),
        },
        new("GGUF", Format.Bytes, "model.gguf", path => GgufFile.Told(path)) { Seeds = [Seeds.Text("GGUF\u0003")], Covers = "GgufFile" },
        new("files beside an adapter", Format.Json, "tokenizer_config.json", Teach)
        {
            Seeds = [Seeds.File($"{Tiny}/qwen2/tokenizer_config.json"), Seeds.File("models/finintent-8m/tokenizer_config.json")],
            Covers = "TaughtFiles PublishedFamily",
            Prepare = Seeds.Beside($"{Tiny}/chatglm", "tokenizer_config.json"),
        },
        OfTokenizer("qwen2", "tokenizer.json", Format.Json, $"{Tiny}/qwen2", "TokenizerJson PreTokenizer"),
        OfTokenizer("llama", "tokenizer.json", Format.Json, $"{Tiny}/llama", "TokenizerJson"),
        OfTokenizer("chatglm", "tokenizer.json", Format.Json, $"{Tiny}/chatglm", "TokenizerJson"),
        OfTokenizer("qwen2", "tokenizer_config.json", Format.Json, $"{Tiny}/qwen2", "TokenizerConfig"),
        OfTokenizer("chatglm", "tokenizer_config.json", Format.Json, $"{Fixtures}/tokenizers/chatglm", "TokenizerConfig"),
        OfTokenizer("chatglm", "tokenizer.model", Format.Bytes, $"{Fixtures}/tokenizers/chatglm", "SentencePieceModel"),
        OfTokenizer("baichuan", "tokenizer.model", Format.Bytes, $"{Fixtures}/tokenizers/baichuan", "SentencePieceModel"),
        new("chat_template.jinja", Format.Text, "chat_template.jinja", path => PublishedTemplate.Find(Folder(path)))
        {
            Seeds = [Seeds.Text("""
                {% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}
                """)],
            Covers = "PublishedTemplate",
        },
    ];

    // The base of the adapters stays open: to read it again for each adapter would take most of the time.
    static readonly Lazy<CausalLanguageModel> Base =
        new(() => PretrainedModel.Load(Path.Combine(Seeds.Root, $"{Fixtures}/qwen2"), torch.ScalarType.Float32, torch.CPU));

    static string Folder(string path) => Path.GetDirectoryName(path)!;

    static void LoadAdapter(string path)
    {
        var model = Base.Value; // outside the scope, which would close it
        using var scope = torch.NewDisposeScope();
        AdapterWeights.Load(model, Folder(path)).Dispose();
    }

    static readonly Lazy<ChatTemplate> Template =
        new(() => ChatTemplate.Get("qwen", Tokenizer.Load(Path.Combine(Seeds.Root, $"{Tiny}/qwen2"))));

    static void Teach(string path)
    {
        PublishedFamily.EarlierGeneration(Folder(path), ModelFamily.Of(new(Checkpoint.ReadConfig(Folder(path)), path)));
        var copy = Directory.CreateDirectory(Path.Combine(Folder(path), "copy")).FullName;
        File.Copy(path, Path.Combine(copy, "tokenizer_config.json"), overwrite: true);
        TaughtFiles.Write(copy, Template.Value);
    }

    static void Sketch(string path)
    {
        using var scope = torch.NewDisposeScope();
        var config = Checkpoint.ReadConfig(Folder(path));
        using var model = ModelFamily.Of(config).Create(config, new(torch.ScalarType.Float32, torch.META));
    }

    static void Load(string path)
    {
        using var scope = torch.NewDisposeScope();
        using var model = PretrainedModel.Load(Folder(path), torch.ScalarType.Float32, torch.CPU);
    }

    static Action<string> Tensors(Func<string, TensorFile> open) => path =>
    {
        using var scope = torch.NewDisposeScope();
        using var file = open(path);
        foreach (var name in file.Tensors.Keys) file.Read(name).Dispose();
    };

    static FuzzedReader OfTokenizer(string family, string file, Format format, string folder, string covers) =>
        new($"{file} {family}", format, file, path =>
        {
            var tokenizer = Tokenizer.Load(Folder(path));
            tokenizer.Decode(tokenizer.Encode("净值是多少？ Hello, 123 \u2003é\n"));
        })
        {
            Seeds = [Seeds.File($"{folder}/{file}")],
            Covers = covers,
            Prepare = Seeds.Beside(folder, file),
        };

    static byte[] SmallTensors()
    {
        LibTorch.Load();
        var path = Path.GetTempFileName();
        using var values = torch.arange(6f).reshape(2, 3);
        SafetensorsWriter.Write(path, [KeyValuePair.Create("a", values), KeyValuePair.Create("b", values[0])]);
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }
}
