using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;

namespace FinIntent.Evaluation;

/// <summary>
/// A predictions file that grows line by line and is gone on with after a crash. Beside it, FILE.run.json says with what it was made: other
/// settings do not go on with it.
/// </summary>
public sealed class PredictionFile : IDisposable
{
    readonly FileStream _stream;
    readonly string _path;

    PredictionFile(string path, FileStream stream, IReadOnlyList<Prediction> done) => (_path, _stream, Done) = (path, stream, done);

    /// <summary>What earlier runs wrote.</summary>
    public IReadOnlyList<Prediction> Done { get; }

    /// <param name="run">Everything the predictions depend on.</param>
    /// <param name="overwrite">Start anew.</param>
    /// <exception cref="UserErrorException">Another run is using the file, or it was made with other settings.</exception>
    public static PredictionFile Open(string path, JsonObject run, bool overwrite = false)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var stream = Lock(path);
        try
        {
            if (overwrite) stream.SetLength(0);
            if (stream.Length > 0) CheckSameRun(path, run);
            AtomicFile.WriteText(RunFileOf(path), run.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            return new(path, stream, ReadAndCut(path, stream));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Every prediction of a file that nobody is writing.</summary>
    public static IReadOnlyList<Prediction> Read(string path) => [.. ReadLines(path).Select(l => l.Prediction)];

    /// <summary>The same with the number of the line each stands in.</summary>
    internal static IEnumerable<(int Line, Prediction Prediction)> ReadLines(string path)
    {
        if (Directory.Exists(path)) throw new UserErrorException($"{path} is a folder; name a file of predictions in it");
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file");
        return Lines(path);
    }

    static IEnumerable<(int, Prediction)> Lines(string path)
    {
        foreach (var (i, line) in File.ReadLines(path).Index())
            if (!string.IsNullOrWhiteSpace(line)) yield return (i + 1, Parse(line, path, i + 1));
    }

    static Prediction Parse(string line, string path, int number)
    {
        try
        {
            return Prediction.Parse(line, $"{path}:{number}");
        }
        catch (UserErrorException e) when (e.InnerException is JsonException && !line.TrimEnd().EndsWith('}'))
        {
            throw new UserErrorException($"{e.Message} (a line cut short when its run stopped? run it again, and it goes on from there)", e);
        }
    }

    /// <summary>The line is on disk when this returns.</summary>
    public void Append(Prediction prediction) => Append([prediction]);

    /// <summary>Lines that are on disk when this returns: waiting for it once is much faster than line by line.</summary>
    public void Append(IReadOnlyList<Prediction> predictions)
    {
        foreach (var prediction in predictions) _stream.Write(Encoding.UTF8.GetBytes(prediction.ToLine() + "\n"));
        _stream.Flush(flushToDisk: true);
    }

    /// <summary>How many of the questions are done: the file's lines must be the first of them, in their order.</summary>
    public int CountDone(IReadOnlyList<(string Id, string Question)> questions)
    {
        for (var i = 0; i < Done.Count; i++)
        {
            if (i >= questions.Count || Done[i].Id != questions[i].Id || Done[i].Question != questions[i].Question)
                throw new UserErrorException($"{_path}:{i + 1}: the prediction is for {Done[i].Id} \"{Done[i].Question}\", but " +
                    (i < questions.Count ? $"question {i + 1} is {questions[i].Id} \"{questions[i].Question}\"" : $"there are {questions.Count} questions") +
                    "; set overwrite_output_dir: true to start anew");
        }
        return Done.Count;
    }

    /// <summary>Which of the questions are done, by id: the file's lines may be any of them, in any order.</summary>
    public Dictionary<string, Prediction> DoneOf(IEnumerable<(string Id, string Question)> questions)
    {
        var texts = questions.ToDictionary();
        Dictionary<string, Prediction> done = [];
        foreach (var (i, prediction) in Done.Index())
        {
            var problem = !texts.TryGetValue(prediction.Id, out var text) ? $"there is no question {prediction.Id}"
                : text != prediction.Question ? $"that question is now \"{text}\""
                : !done.TryAdd(prediction.Id, prediction) ? "an earlier line is for it too" : null;
            if (problem is not null)
                throw new UserErrorException($"{_path}:{i + 1}: the prediction is for {prediction.Id} \"{prediction.Question}\", but {problem}; set overwrite_output_dir: true to start anew");
        }
        return done;
    }

    /// <summary>Writes a finished file anew, in the order of the questions.</summary>
    public static void Rewrite(string path, IEnumerable<Prediction> predictions) =>
        AtomicFile.WriteText(path, string.Concat(predictions.Select(p => p.ToLine() + "\n")));

    public void Dispose() => _stream.Dispose();

    static string RunFileOf(string path) => Path.ChangeExtension(path, ".run.json");

    static FileStream Lock(string path)
    {
        try
        {
            // Outside Windows only FileShare.None locks, and other programs may read all the same.
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"{path}: cannot be written; is another run writing it? {e.Message}", e);
        }
    }

    static void CheckSameRun(string path, JsonObject run)
    {
        var file = RunFileOf(path);
        if (!File.Exists(file)) throw new UserErrorException($"{path} exists, but no {file} says how it was made; set overwrite_output_dir: true to start anew");
        using var found = JsonFile.Read(file);
        var changed = run.FirstOrDefault(now =>
            !found.RootElement.TryGetProperty(now.Key, out var before) || !JsonNode.DeepEquals(JsonNode.Parse(before.GetRawText()), now.Value));
        if (changed.Key is { } key)
            throw new UserErrorException($"{path} was made with {key} {(found.RootElement.TryGetProperty(key, out var before) ? before.GetRawText() : "unset")}, " +
                $"now it is {changed.Value?.ToJsonString() ?? "unset"}; set overwrite_output_dir: true to start anew, or name another output_dir");
    }

    /// <summary>Reads whole lines; a last line that a crash cut short goes.</summary>
    static List<Prediction> ReadAndCut(string path, FileStream stream)
    {
        var bytes = new byte[stream.Length];
        stream.Position = 0;
        stream.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        stream.SetLength(end);
        stream.Position = end;
        var lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select((line, i) => Prediction.Parse(line, $"{path}:{i + 1}"))];
    }
}
