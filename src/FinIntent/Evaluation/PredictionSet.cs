namespace FinIntent.Evaluation;

/// <summary>One model's predictions as a report takes them: each question once, with a gold answer and the same keys.</summary>
/// <param name="Name">The model's name; where several files have the same one, with what tells them apart.</param>
sealed record PredictionSet(string Name, string File, IReadOnlyList<Prediction> Predictions)
{
    /// <summary>Predictions of questions that belong to none of the options and so have no gold answer.</summary>
    internal IReadOnlyList<Prediction> OutOfScope { get; init; } = [];

    /// <summary>What the answers of a model behind an API took; null: it is a local one, or nobody knows.</summary>
    internal ApiTotals? Api { get; init; }

    /// <summary>How all answers ended that were asked for, those in other orders among them; null: the predictions tell.</summary>
    internal AnswerOutcomes? Outcomes { get; init; }

    /// <summary>Questions that the model was trained on, where that is allowed.</summary>
    internal int LeakedQuestions { get; init; }

    /// <summary>How much the order of the options matters; null unless that was asked.</summary>
    internal RobustnessReport? Robustness { get; init; }

    /// <exception cref="UserErrorException">A line does not fit; the message names it.</exception>
    public static PredictionSet Read(string path)
    {
        Dictionary<(string, string), int> seen = [];
        List<Prediction> predictions = [], outOfScope = [];
        var first = 0;
        Prediction? firstOne = null;
        foreach (var (line, prediction) in PredictionFile.ReadLines(path))
        {
            if (first == 0) (first, firstOne) = (line, prediction);
            else if (Difference(firstOne!, prediction, first) is { } difference) throw Error(line, difference);
            var question = $"question {prediction.Id} \"{prediction.Question}\"";
            if (prediction.Gold is null && prediction.OutOfScope != true)
                throw Error(line, $"{question} has no \"gold\", so nothing can be counted; add the right option's letter");
            if (!seen.TryAdd((prediction.Id, prediction.Question), line))
                throw Error(line, $"{question} is already in line {seen[(prediction.Id, prediction.Question)]}; remove one");
            (prediction.Gold is null ? outOfScope : predictions).Add(prediction);
        }
        if (predictions.Count == 0) throw new UserErrorException($"{path}: there are no predictions in it");
        if (predictions[0] is { Output: null, Probabilities: null })
            throw Error(first, "neither \"output\" nor \"probabilities\", so there is no answer; a line needs one of them");
        return new(predictions[0].Model, path, predictions) { OutOfScope = outOfScope };

        UserErrorException Error(int line, string message) => new($"{path}:{line}: {message}");
    }

    /// <summary>Reads every file, and gives the models names that differ.</summary>
    public static IReadOnlyList<PredictionSet> ReadAll(IReadOnlyList<string> paths)
    {
        if (paths.GroupBy(Path.GetFullPath).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserErrorException($"{twice.First()} is given {twice.Count()} times; name each file once");
        var sets = Distinguish([.. paths.Select(Read)], set => Path.GetFileNameWithoutExtension(set.File));
        return Distinguish(sets, set => set.File.Replace('\\', '/'));
    }

    static List<PredictionSet> Distinguish(IReadOnlyList<PredictionSet> sets, Func<PredictionSet, string> mark)
    {
        var shared = sets.GroupBy(s => s.Name).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        return [.. sets.Select(s => shared.Contains(s.Name) ? s with { Name = $"{s.Predictions[0].Model} ({mark(s)})" } : s)];
    }

    static string? Difference(Prediction first, Prediction line, int number)
    {
        if (line.Model != first.Model)
            return $"model is \"{line.Model}\", but in line {number} it is \"{first.Model}\"; " +
                "a file holds one model's predictions, so split it";
        foreach (var (key, here, there) in (ReadOnlySpan<(string, bool, bool)>)
        [
            ("output", line.Output is not null, first.Output is not null),
            ("probabilities", line.Probabilities is not null, first.Probabilities is not null),
            ("options", line.Options is not null, first.Options is not null),
            ("calibrated", line.Calibrated is not null, first.Calibrated is not null),
            ("prediction_set", line.PredictionSet is not null, first.PredictionSet is not null),
            ("abstained", line.Abstained is not null, first.Abstained is not null),
            ("out_of_scope_score", line.OutOfScopeScore is not null, first.OutOfScopeScore is not null),
        ])
        {
            if (here != there)
                return $"{(here ? "there is" : "no")} \"{key}\", but in line {number} there is {(there ? "one" : "none")}; " +
                    "every line needs the same keys (\"\" for an empty answer)";
        }
        return null;
    }
}
