using System.IO.Hashing;
using FinIntent.Files;

namespace FinIntent.Jobs.Studies;

/// <summary>Is a step of a study; what its result is made from is kept beside the result, as RESULT.step.json.</summary>
/// <remarks>As long as that is unchanged, a finished result is used again, and an unfinished one is gone on with. A record of an earlier
/// version stands where it means the same: a key that is null is none, and a setting that it does not know has its default.</remarks>
/// <param name="result">The file or folder.</param>
/// <param name="inputs">All that the result depends on.</param>
sealed class StudyStep(string result, JsonObject inputs)
{
    public string Result => result;

    string RecordFile => result + ".step.json";

    /// <summary>The digest that stands for these inputs in those of the next step.</summary>
    public string Digest => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes((Recorded(out _) ?? inputs).ToJsonString())));

    /// <summary>Says whether the step was finished with these inputs once; the result may have been removed since.</summary>
    public bool WasDone => Recorded(out var isFinished) is not null && isFinished;

    public bool IsThere => WasDone && (File.Exists(result) || Directory.Exists(result));

    /// <summary>Does the work unless it is done; returns false when it stopped. A result of other inputs is removed before.</summary>
    /// <param name="work">It goes on with what an unfinished run of the same inputs left; it returns false when it stopped.</param>
    public bool Do(Func<bool> work)
    {
        if (IsThere) return true;
        var recorded = Recorded(out _);
        if (recorded is null) RemoveResult(); // before these inputs are written down beside it
        Write(recorded ?? inputs, isFinished: false);
        if (!work()) return false;
        Write(recorded ?? inputs, isFinished: true);
        return true;
    }

    /// <summary>Returns the inputs of the record where they mean the same as these, else null.</summary>
    JsonObject? Recorded(out bool isFinished)
    {
        isFinished = false;
        if (!File.Exists(RecordFile)) return null;
        using var record = JsonFile.Read(RecordFile, FormatVersion.Step);
        var root = JsonFile.Object(record.RootElement, RecordFile);
        isFinished = root.TryGetProperty("is_finished", out var finished) && finished.ValueKind == JsonValueKind.True;
        var made = root.TryGetProperty("inputs", out var found) && found.ValueKind == JsonValueKind.Object
            ? JsonObject.Create(found.Clone()) : null;
        return made is not null && IsSame(made, inputs) ? made : null;
    }

    static bool IsSame(JsonNode? made, JsonNode? now) => (made, now) switch
    {
        (JsonObject a, JsonObject b) => a.Select(p => p.Key).Union(b.Select(p => p.Key))
            .All(key => IsSame(a.ContainsKey(key) ? a[key] : TrainingDigest.Defaults[key], b[key])),
        (JsonArray a, JsonArray b) => a.Count == b.Count && a.Zip(b).All(pair => IsSame(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(made, now),
    };

    void RemoveResult()
    {
        if (Directory.Exists(result))
        {
            OutputPlace.Filled(result, "output_dir").Check(); // a run of its own may be writing there
            Directory.Delete(result, recursive: true);
        }
        else if (File.Exists(result)) File.Delete(result);
    }

    void Write(JsonObject made, bool isFinished)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(RecordFile))!);
        JsonFile.Write(RecordFile, new() { ["is_finished"] = isFinished, ["inputs"] = made.DeepClone() }, FormatVersion.Step);
    }
}
