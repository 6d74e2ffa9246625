using FinIntent.Files;

namespace FinIntent.Evaluation;

/// <summary>A predictions file that grows line by line; a later run goes on with it when its settings are the same.</summary>
/// <remarks>FILE.run.json beside it says with what settings it was made.</remarks>
sealed class PredictionFile : IDisposable
{
    readonly ResumableFile _file;
    readonly string _path;

    PredictionFile(string path, ResumableFile file, IReadOnlyList<Prediction> done) => (_path, _file, Done) = (path, file, done);

    /// <summary>What earlier runs wrote.</summary>
    public IReadOnlyList<Prediction> Done { get; }

    /// <param name="run">Everything the predictions depend on.</param>
    /// <param name="overwrite">Start anew.</param>
    /// <exception cref="UserErrorException">Another run is using the file, or it was made with other settings.</exception>
    public static PredictionFile Open(string path, JsonObject run, bool overwrite = false)
    {
        path = Path.GetFullPath(path);
        var file = ResumableFile.Open(path, run, overwrite);
        try
        {
            return new(path, file, [.. file.Lines.Select((line, i) => Prediction.Parse(line, $"{path}:{i + 1}"))]);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads every prediction of a file that nobody is writing.</summary>
    public static IReadOnlyList<Prediction> Read(string path) => [.. ReadLines(path).Select(l => l.Prediction)];

    /// <summary>Reads the same with the number of the line that each stands in.</summary>
    internal static IEnumerable<(int Line, Prediction Prediction)> ReadLines(string path)
    {
        if (Directory.Exists(path)) throw new UserErrorException($"{path} is a folder; name a file of predictions in it");
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file");
        ResumableFile.CheckFormat(path);
        return Lines(path);
    }

    static IEnumerable<(int, Prediction)> Lines(string path)
    {
        foreach (var (i, line) in TextFile.Lines(path).Index())
            if (!string.IsNullOrWhiteSpace(line)) yield return (i + 1, Parse(line, path, i + 1));
    }

    static Prediction Parse(string line, string path, int number)
    {
        try
        {
            return Prediction.Parse(line, $"{path}:{number}");
        }
        catch (UserErrorException e) when (e.InnerException is UserErrorException && !line.TrimEnd().EndsWith('}'))
        {
            throw new UserErrorException(
                $"{e.Message} (a line cut short when its run stopped? run it again, and it goes on from there)", e);
        }
    }

    /// <summary>Appends a line, which is on disk when this returns.</summary>
    public void Append(Prediction prediction) => Append([prediction]);

    /// <summary>Appends lines, which are on disk when this returns: waiting once is much faster than line by line.</summary>
    public void Append(IReadOnlyList<Prediction> predictions) => _file.Append(predictions.Select(p => p.ToLine()));

    /// <summary>Returns the predictions of the questions that are done, by id: the file's lines may be any of them, in any order.</summary>
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
                throw new UserErrorException($"{_path}:{i + 1}: the prediction is for {prediction.Id} \"{prediction.Question}\", " +
                    $"but {problem}; set overwrite_output_dir: true to start anew");
        }
        return done;
    }

    /// <summary>Writes a finished file anew, in the order of the questions.</summary>
    public static void Rewrite(string path, IEnumerable<Prediction> predictions) =>
        AtomicFile.WriteText(path, string.Concat(predictions.Select(p => p.ToLine() + "\n")));

    public void Dispose() => _file.Dispose();
}
