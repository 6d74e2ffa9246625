using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Models;
using FinIntent.Tests.Cli;
using FinIntent.Tests.Text;
using FinIntent.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Contracts;

/// <summary>With a small tokenizer of each family's kind.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class WholeChainTests : WholeChainContract
{
    [Theory]
    [InlineData("qwen25/qwen25_7b", "qwen2.5-7b-instruct", "qwen")]
    [InlineData("qwen3/qwen3_8b", "qwen3-8b", "qwen")]
    [InlineData("llama3/llama3_8b", "llama-3-8b-instruct", "llama3")]
    [InlineData("chatglm3/chatglm3_6b", "chatglm3-6b", "chatglm")]
    [InlineData("baichuan2/baichuan2_7b", "baichuan2-7b-chat", "baichuan")]
    public void A_models_settings_files_train_export_answer_and_evaluate(string settings, string model, string tokenizer)
    {
        var folder = Directory.CreateDirectory(Folder["base"]).FullName;
        foreach (var file in Directory.GetFiles(SmallTokenizers.Folder(tokenizer), "tokenizer*"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        AssertChain(settings, model, folder, SmallTokenizers.Get(tokenizer).VocabularySize + 3);
    }
}

/// <summary>With the real tokenizers and vocabularies, in ../shared.</summary>
[Collection(TorchRandomCollection.Name)]
[Trait("tier", "shared")]
public sealed class RealTokenizerChainTests : WholeChainContract
{
    [Theory]
    [InlineData("qwen25/qwen25_7b", "qwen2.5-7b-instruct", "qwen2")]
    [InlineData("qwen3/qwen3_8b", "qwen3-8b", "qwen3")]
    [InlineData("llama3/llama3_8b", "llama-3-8b-instruct", "llama3")]
    [InlineData("chatglm3/chatglm3_6b", "chatglm3-6b", "chatglm3-6b")]
    [InlineData("baichuan2/baichuan2_7b", "baichuan2-7b-chat", "baichuan2-7b-chat")]
    public void A_models_settings_files_train_export_answer_and_evaluate(string settings, string model, string tokenizer) =>
        AssertChain(settings, model, RealTokenizers.Folder(tokenizer), vocabulary: null);
}

/// <summary>
/// train → export → inference → eval from the files in config/, with the template of each family and two narrow layers of random weights.
/// </summary>
public abstract class WholeChainContract : IDisposable
{
    protected TemporaryFolder Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <param name="folder">Holds the tokenizer and gets the checkpoint.</param>
    /// <param name="vocabulary">Rows of the embedding; null: as many as the real model has.</param>
    protected void AssertChain(string settings, string model, string folder, int? vocabulary)
    {
        WriteCheckpoint(folder, model, vocabulary);
        var (adapter, merged) = (Folder["adapter"], Folder["merged"]);
        var questions = Folder.Write("questions.json", Rows("intent_eval.json", 4));

        Run(TrainCommand.Build(), "", $"model_name_or_path={folder}", $"dataset_dir={Data(8)}", $"output_dir={adapter}", "val_size=2",
            "gradient_accumulation_steps=2", "num_train_epochs=1", "learning_rate=0.03",
            "save_strategy=no", "plot_loss=false");
        var exported = Run(ExportCommand.Build(), "_export",
            $"model_name_or_path={folder}", $"adapter_name_or_path={adapter}", $"export_dir={merged}", "infer_dtype=float32");
        var answered = Run(InferenceCommand.Build(), "_inference",
            $"model_name_or_path={merged}", "adapter_name_or_path=null", "question=大盘怎么样", "max_new_tokens=3");
        string[] evaluation = [$"eval_file={questions}", "infer_dtype=float32", "max_new_tokens=3"];
        Evaluate(merged, "null", "a");
        Evaluate(folder, adapter, "b");

        Assert.Equal(AdapterTensors(model), TensorsOf(Path.Combine(adapter, "adapter_model.safetensors")));
        Assert.Equal(TensorsOf(Path.Combine(folder, "model.safetensors")), TensorsOf(Path.Combine(merged, "model.safetensors")));
        Assert.True(answered.Length > 0);
        Assert.Matches(@"the adapters change them by up to (0\.0[1-9]|0\.[1-9]|[1-9])", exported);
        var (ofMerged, ofAdapter) = (PredictionFile.Read(Folder["a/predictions.jsonl"]),
            PredictionFile.Read(Folder["b/predictions.jsonl"]));
        Assert.Equal(4, ofMerged.Count);
        foreach (var (one, other) in ofMerged.Zip(ofAdapter))
            Assert.All(one.Probabilities!.Zip(other.Probabilities!), p => Assert.Equal(p.First.Value, p.Second.Value, 1e-4));

        void Evaluate(string from, string with, string to) => Run(EvalCommand.Build(), "_eval",
            [$"model_name_or_path={from}", $"adapter_name_or_path={with}", $"output_dir={Folder[to]}", .. evaluation]);

        string Run(Command command, string suffix, params string[] overrides) => CommandLine.Run(command,
            [Path.Combine(Reference.Root, "config", $"{settings}_lora_sft{suffix}.yaml"), .. overrides]);
    }

    /// <summary>The real configuration made narrow.</summary>
    static void WriteCheckpoint(string folder, string model, int? vocabulary)
    {
        var config = JsonNode.Parse(KnownModels.Find(model)!.Value.GetRawText())!.AsObject();
        List<(string Key, int Value)> narrow =
        [
            ("hidden_size", 32), ("intermediate_size", 48), ("ffn_hidden_size", 48), ("num_hidden_layers", 2), ("num_layers", 2),
            ("num_attention_heads", 4), ("num_key_value_heads", 2), ("head_dim", 8), ("kv_channels", 8),
        ];
        if (vocabulary is { } rows) narrow.AddRange([("vocab_size", rows), ("padded_vocab_size", rows)]);
        foreach (var (key, value) in narrow)
            if (config.ContainsKey(key)) config[key] = value;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var random = RandomModel.Create(config.Deserialize<JsonElement>(), Placement.Cpu(ScalarType.BFloat16), seed: 1);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            random.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)));
    }

    /// <summary>PEFT's names for the matrices in the layers, from the real checkpoint's list.</summary>
    static IEnumerable<string> AdapterTensors(string model) => StructureTests
        .Unfold(File.ReadLines(Path.Combine(Configs, $"{model}.tensors.txt")).Skip(1))
        .Where(t => t.Name.Contains("layers.0.") || t.Name.Contains("layers.1."))
        .Where(t => t.Shape.Contains(',')).Select(t => t.Name[..^".weight".Length])
        .SelectMany(name => new[] { $"base_model.model.{name}.lora_A.weight", $"base_model.model.{name}.lora_B.weight" })
        .Order(StringComparer.Ordinal);

    static IEnumerable<string> TensorsOf(string file)
    {
        using var opened = SafetensorsFile.Open(file);
        return [.. opened.Tensors.Keys.Order(StringComparer.Ordinal)];
    }

    static string Configs => Path.Combine(Reference.Root, "test", "fixtures", "configs");

    /// <summary>A folder with the data set the settings name, cut to its first rows.</summary>
    string Data(int rows)
    {
        Directory.CreateDirectory(Folder["data"]);
        File.Copy(Path.Combine(Reference.Root, "data", "dataset_info.json"), Folder["data/dataset_info.json"]);
        Folder.Write("data/intent_train.json", Rows("intent_train.json", rows));
        return Folder["data"];
    }

    static string Rows(string file, int count) =>
        new JsonArray([.. JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Root, "data", file)))!
        .AsArray().Take(count).Select(row => row!.DeepClone())]).ToJsonString();
}
