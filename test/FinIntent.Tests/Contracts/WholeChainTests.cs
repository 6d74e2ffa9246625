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

/// <summary>
/// train → export → inference → eval from the files in config/, with the real tokenizer, template and vocabulary of each family and two
/// narrow layers of random weights.
/// </summary>
[Collection(TorchRandomCollection.Name)]
public sealed class WholeChainTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("qwen25/qwen25_7b", "qwen2.5-7b-instruct", "qwen2")]
    [InlineData("qwen3/qwen3_8b", "qwen3-8b", "qwen3")]
    [InlineData("llama3/llama3_8b", "llama-3-8b-instruct", "llama3")]
    [InlineData("chatglm3/chatglm3_6b", "chatglm3-6b", "chatglm3-6b")]
    [InlineData("baichuan2/baichuan2_7b", "baichuan2-7b-chat", "baichuan2-7b-chat")]
    public void A_models_settings_files_train_export_answer_and_evaluate(string settings, string model, string tokenizer)
    {
        var folder = TinyCheckpoint(model, tokenizer);
        var (adapter, merged) = (_folder["adapter"], _folder["merged"]);
        var questions = _folder.Write("questions.json", Rows("intent_eval.json", 4));

        Run(TrainCommand.Build(), "", $"model_name_or_path={folder}", $"dataset_dir={Data(8)}", $"output_dir={adapter}", "val_size=2",
            "gradient_accumulation_steps=2", "num_train_epochs=1", "learning_rate=0.03",
            "save_strategy=no", "plot_loss=false");
        var exported = Run(ExportCommand.Build(), "_export", $"model_name_or_path={folder}", $"adapter_name_or_path={adapter}", $"export_dir={merged}", "infer_dtype=float32");
        var answered = Run(InferenceCommand.Build(), "_inference", $"model_name_or_path={merged}", "adapter_name_or_path=null", "question=大盘怎么样", "max_new_tokens=3");
        string[] evaluation = [$"eval_file={questions}", "infer_dtype=float32", "max_new_tokens=3"];
        Run(EvalCommand.Build(), "_eval", [$"model_name_or_path={merged}", "adapter_name_or_path=null", $"output_dir={_folder["a"]}", .. evaluation]);
        Run(EvalCommand.Build(), "_eval", [$"model_name_or_path={folder}", $"adapter_name_or_path={adapter}", $"output_dir={_folder["b"]}", .. evaluation]);

        Assert.Equal(AdapterTensors(model), TensorsOf(Path.Combine(adapter, "adapter_model.safetensors")));
        Assert.Equal(TensorsOf(Path.Combine(folder, "model.safetensors")), TensorsOf(Path.Combine(merged, "model.safetensors")));
        Assert.True(answered.Length > 0);
        Assert.Matches(@"the adapters change them by up to (0\.0[1-9]|0\.[1-9]|[1-9])", exported);
        var (ofMerged, ofAdapter) = (PredictionFile.Read(_folder["a/predictions.jsonl"]), PredictionFile.Read(_folder["b/predictions.jsonl"]));
        Assert.Equal(4, ofMerged.Count);
        foreach (var (one, other) in ofMerged.Zip(ofAdapter))
            Assert.All(one.Probabilities!.Zip(other.Probabilities!), p => Assert.Equal(p.First.Value, p.Second.Value, 1e-4));

        string Run(Command command, string suffix, params string[] overrides) => CommandLine.Run(command,
            [Path.Combine(Reference.Root, "config", $"{settings}_lora_sft{suffix}.yaml"), .. overrides]);
    }

    /// <summary>The real configuration made narrow; the embedding keeps its rows.</summary>
    static string TinyCheckpoint(string model, string tokenizer)
    {
        var folder = RealTokenizers.Folder(tokenizer);
        var config = JsonNode.Parse(KnownModels.Find(model)!.Value.GetRawText())!.AsObject();
        (string Key, int Value)[] narrow =
        [
            ("hidden_size", 32), ("intermediate_size", 48), ("ffn_hidden_size", 48), ("num_hidden_layers", 2), ("num_layers", 2),
            ("num_attention_heads", 4), ("num_key_value_heads", 2), ("head_dim", 8), ("kv_channels", 8),
        ];
        foreach (var (key, value) in narrow)
            if (config.ContainsKey(key)) config[key] = value;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var random = RandomModel.Create(config.Deserialize<JsonElement>(), Placement.Cpu(ScalarType.BFloat16), seed: 1);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            random.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)));
        return folder;
    }

    /// <summary>PEFT's names for the matrices in the layers, from the real checkpoint's list.</summary>
    static IEnumerable<string> AdapterTensors(string model) => StructureTests.Unfold(File.ReadLines(Path.Combine(Configs, $"{model}.tensors.txt")).Skip(1))
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
        Directory.CreateDirectory(_folder["data"]);
        File.Copy(Path.Combine(Reference.Root, "data", "dataset_info.json"), _folder["data/dataset_info.json"]);
        _folder.Write("data/intent_train.json", Rows("intent_train.json", rows));
        return _folder["data"];
    }

    static string Rows(string file, int count) => new JsonArray([.. JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Root, "data", file)))!
        .AsArray().Take(count).Select(row => row!.DeepClone())]).ToJsonString();
}
