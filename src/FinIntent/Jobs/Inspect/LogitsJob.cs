using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Inspect;

/// <summary>Writes the logits of token ids, so that this program's numbers can be compared with others'.</summary>
static class LogitsJob
{
    /// <param name="adapters">Folders of LoRA adapters, applied in this order.</param>
    /// <param name="tokens">A JSON file: a list of lists of token ids.</param>
    /// <param name="type">The name of the type that is computed in, such as "float32".</param>
    /// <param name="target">The safetensors file to write: logits.0 [T, V], logits.1 … in fp32.</param>
    public static void Run(string model, IReadOnlyList<string> adapters, string tokens, string type, string target, Surroundings here)
    {
        LibTorch.Load();
        using var loaded = PretrainedModel.Load(model, Enum.Parse<ScalarType>(type, ignoreCase: true), here.Device.Value);
        Write(loaded, adapters, ReadTokens(tokens, loaded.Shape), target);
    }

    static void Write(CausalLanguageModel model, IReadOnlyList<string> folders, int[][] rows, string path)
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

    /// <exception cref="UserErrorException">The file is not a list of lists of ids that the model has.</exception>
    internal static int[][] ReadTokens(string path, ModelShape shape)
    {
        using var json = JsonFile.Read(path);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new UserErrorException($"{path}: expected a list of lists of token ids, such as [[1, 2, 3], [4]]");
        var rows = JsonBinding.Bind<int[][]>(json.RootElement, JsonFile.Line, path);
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] is not { Length: > 0 } || rows[i].Length > shape.MaxPositions)
                throw new UserErrorException(
                    $"{path}: list {i} has {rows[i]?.Length ?? 0} tokens; the model reads 1 to {shape.MaxPositions}");
            var unknown = Array.FindIndex(rows[i], id => id < 0 || id >= shape.VocabularySize);
            if (unknown >= 0) throw new UserErrorException(
                $"{path}: list {i} has the id {rows[i][unknown]}; the model's ids are 0 to {shape.VocabularySize - 1}");
        }
        return rows;
    }
}
