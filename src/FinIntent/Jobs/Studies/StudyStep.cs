using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Files;

namespace FinIntent.Jobs.Studies;

/// <summary>
/// A step of a study and what its result is made from, kept beside it as RESULT.step.json. As long as that is unchanged, a finished result is used
/// again, and an unfinished one gone on with.
/// </summary>
/// <param name="result">The file or folder.</param>
/// <param name="inputs">Everything the result depends on.</param>
sealed class StudyStep(string result, JsonObject inputs)
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    public string Result => result;

    string RecordFile => result + ".step.json";

    /// <summary>Stands for the inputs in those of the next step.</summary>
    public string Digest => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(inputs.ToJsonString())));

    /// <summary>Finished with these inputs, once. The result itself may have been removed since.</summary>
    public bool WasDone => IsSame(out var isFinished) && isFinished;

    public bool IsThere => WasDone && (File.Exists(result) || Directory.Exists(result));

    /// <summary>Does the work unless it is done. What an earlier, unfinished run of the same inputs left is there to be gone on with; of other inputs nothing is.</summary>
    /// <param name="work">Gives false when it stopped before its end.</param>
    /// <returns>False when it stopped.</returns>
    public bool Do(Func<bool> work)
    {
        if (IsThere) return true;
        if (!IsSame(out _)) RemoveResult(); // before these inputs are written down beside it
        Write(isFinished: false);
        if (!work()) return false;
        Write(isFinished: true);
        return true;
    }

    bool IsSame(out bool isFinished)
    {
        isFinished = false;
        if (!File.Exists(RecordFile)) return false;
        using var record = JsonFile.Read(RecordFile);
        isFinished = record.RootElement.TryGetProperty("is_finished", out var finished) && finished.ValueKind == JsonValueKind.True;
        return record.RootElement.TryGetProperty("inputs", out var made) && JsonNode.DeepEquals(JsonNode.Parse(made.GetRawText()), inputs);
    }

    void RemoveResult()
    {
        if (Directory.Exists(result)) Directory.Delete(result, recursive: true);
        else if (File.Exists(result)) File.Delete(result);
    }

    void Write(bool isFinished)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(RecordFile))!);
        AtomicFile.WriteText(RecordFile, new JsonObject { ["is_finished"] = isFinished, ["inputs"] = inputs.DeepClone() }.ToJsonString(Indented) + "\n");
    }
}
