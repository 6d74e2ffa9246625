using System.CommandLine;
using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Cli.Commands;

/// <summary>Token ids in, logits out: how this program's numbers are compared with others'.</summary>
static class InspectLogits
{
    public static Command Build()
    {
        var model = new Option<string>("--model") { Description = "Folder of the model.", Required = true };
        var adapters = new Option<string[]>("--adapter") { Description = "Folder of a LoRA adapter; several are applied in this order." };
        var tokens = new Option<string>("--tokens") { Description = "JSON: a list of lists of token ids.", Required = true };
        var result = new Option<string>("--out") { Description =
            "The safetensors file to write: logits.0 [T, V], logits.1 … in fp32.", Required = true };
        var type = new Option<string>("--dtype") { Description = "Compute in float32, bfloat16 or float16.", DefaultValueFactory = _ =>
            "float32" };
        type.AcceptOnlyFromAmong("float32", "bfloat16", "float16");
        var command = new Command("logits", "Write the logits of token sequences.") { model, adapters, tokens, result, type };
        command.SetAction(arguments =>
        {
            LibTorch.Load();
            var wanted = Enum.Parse<ScalarType>(arguments.GetRequiredValue(type), ignoreCase: true);
            using var loaded = PretrainedModel.Load(arguments.GetRequiredValue(model), wanted, Devices.Default);
            Write(loaded, arguments.GetValue(adapters)
                ?? [], ReadTokens(arguments.GetRequiredValue(tokens), loaded.Shape), arguments.GetRequiredValue(result));
        });
        return command;
    }

    static void Write(CausalLanguageModel model, string[] folders, int[][] rows, string path)
    {
        using var last = LoraAdapters.LoadLast(model, folders);
        SafetensorsWriter.Write(path, rows.Select((row, i) => new OutgoingTensor(
            $"logits.{i}", ScalarType.Float32, [row.Length, model.Shape.VocabularySize], () => Logits(model, row))));
    }

    static Tensor Logits(CausalLanguageModel model, int[] row)
    {
        using var noGradient = no_grad();
        using var batch = TokenBatch.All([row], model.Placement.Device);
        return model.forward(batch);
    }

    static int[][] ReadTokens(string path, ModelShape shape)
    {
        using var json = JsonFile.Read(path);
        int[][] rows;
        try
        {
            rows = json.RootElement.Deserialize<int[][]>() ?? [];
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}: expected a list of lists of token ids, such as [[1, 2, 3], [4]]", e);
        }
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] is not { Length: > 0 } || rows[i].Length > shape.MaxPositions)
                throw new UserErrorException($"{path}: list {i} has {rows[i]?.Length ?? 0} tokens; the model reads 1 to " +
                    $"{shape.MaxPositions}");
            var unknown = Array.FindIndex(rows[i], id => id < 0 || id >= shape.VocabularySize);
            if (unknown >= 0)
                throw new UserErrorException($"{path}: list {i} has the id {rows[i][unknown]}; the model's ids are 0 to " +
                    $"{shape.VocabularySize - 1}");
        }
        return rows;
    }
}
