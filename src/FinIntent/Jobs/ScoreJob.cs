using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Jobs.Calibrations;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>An evaluation in words, and the folder that holds its files.</summary>
sealed record ScoreSummary(string Text, string Folder);

/// <summary>`finintent eval`: asks a model every question of an exam, and reports how well it tells intents.</summary>
static class ScoreJob
{
    const string DefaultFolder = "eval_output";

    public static ScoreSummary Run(SettingsFile settings, Surroundings here, CancellationToken stop = default)
    {
        var (exam, runs) = (Exam.Of(settings, here.Warn), ScoreRuns.Of(settings));
        var folder = FolderOf(settings);
        using var held = OutputPlace.Filled(folder, "output_dir").Lock("eval");
        (here, var isOne) = (here with { Stop = stop }, runs.Count == 1);
        return new(isOne ? ScoreOne(runs[0].Settings, exam, folder, here, stop) : ScoreAll(runs, exam, folder, here, stop), folder);
    }

    /// <summary>Returns the folder of the evaluation's files.</summary>
    public static string FolderOf(SettingsFile settings) =>
        settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;

    /// <summary>Asks the questions as they are, and then in their other orders. What is in the files already is not asked again.</summary>
    /// <param name="predictions">The file for the answers.</param>
    /// <exception cref="UserErrorException">The model was trained on some of the questions, or a question has no answer.</exception>
    public static PredictionSet Score(Prepared prepared, Exam exam, string predictions, Surroundings here, CancellationToken stop = default)
    {
        var leaked = LeakGuard.Check(prepared, exam, here);
        var settings = prepared.Settings;
        var how = Respondents.ForExam(settings) with { Calibration = UsedCalibration.Of(prepared, exam, here) };
        var run = Respondents.RunOf(prepared, how, predictions, exam.File);
        using var respondent = Respondents.Open(prepared, how, here);

        var answers = Ask([.. AskedOf(exam, prepared), .. OutOfScopeOf(exam, prepared)], run, null);
        var set = new PredictionSet(run.Name, predictions, [.. answers.Take(exam.Questions.Count)])
        {
            LeakedQuestions = leaked,
            OutOfScope = [.. answers.Skip(exam.Questions.Count)],
        };
        if (exam.Permuted is not { } permuted) return WithTotals(set, exam, [], settings);

        here.Tell($"permutations: {permuted.Orders.Count} orders of {exam.Questions.Count} questions, " +
            $"{permuted.All.Count - exam.Questions.Count} answers more");
        // The answers to the first stand among those to the second and are not asked for again, so that both agree.
        var inOrders = Ask(
            [.. permuted.All.Select(AskedQuestion.Of)], Exam.PermutedRunOf(run, settings), permuted.Known(set.Predictions));
        return WithTotals(set, exam, inOrders, settings);

        IReadOnlyList<Prediction> Ask(
            IReadOnlyList<AskedQuestion> questions, PredictionRun run, IReadOnlyDictionary<string, Prediction>? known) =>
            respondent.Answer(questions, run, (_, done) => here.Tell($"{done}/{questions.Count} questions"), known, stop);
    }

    /// <summary>The exam's questions; those whose answer is the intent that stands for "none of the others" are marked.</summary>
    static IEnumerable<AskedQuestion> AskedOf(Exam exam, Prepared prepared)
    {
        var schema = prepared.LoadSchema();
        var none = schema?.OutOfScopeOption is { } option ? schema.Options[option] : null;
        return exam.Questions.Select(q =>
            AskedQuestion.Of(q) with { IsOutOfScope = none is not null && q.Gold == none.Label && q.Options.Contains(none) });
    }

    static IReadOnlyList<AskedQuestion> OutOfScopeOf(Exam exam, Prepared prepared)
    {
        var files = prepared.Settings.Calibration.OutOfScopeFile;
        return files.Count == 0 ? [] : CommonPrompt.Of(exam).Read(files, prepared.LoadSchema()?.Wording);
    }

    /// <summary>Adds to answers what they took, and how much the order of their options matters.</summary>
    /// <param name="inOrders">The answers in all orders; the list is empty where only one order was asked.</param>
    public static PredictionSet WithTotals(PredictionSet set, Exam exam, IReadOnlyList<Prediction> inOrders, SettingsFile settings)
    {
        if (exam.Permuted is not { } permuted) return set with { Api = Respondents.TotalsOf(settings, set.Predictions) };
        // The first of a question's orders is its own, and its answer is among the others already.
        List<Prediction> all = [.. set.Predictions, .. inOrders.Where((_, i) => i % permuted.Orders.Count > 0)];
        return set with
        {
            Api = Respondents.TotalsOf(settings, all),
            Outcomes = AnswerOutcomes.Of(all),
            Robustness = RobustnessReport.Of(permuted, inOrders),
        };
    }

    static string ScoreOne(SettingsFile settings, Exam exam, string folder, Surroundings here, CancellationToken stop)
    {
        var prepared = Prepared.Of(settings, Need.Model, here);
        var set = Score(prepared, exam, Path.Combine(folder, "predictions.jsonl"), here, stop);
        var comparison = Comparison.Of([set]);
        var report = comparison.Models[0];
        var text = ReportText.Of(report, here.Languages.Text) + set.Api?.ToText(here.Languages.Text);
        WriteFiles(folder, comparison, here);
        AtomicFile.WriteText(Path.Combine(folder, "summary.txt"), text);
        ConfusionPlot.WriteAll(folder, report, here.Tell);
        return text;
    }

    /// <summary>Scores several adapters or seeds, each into a file of predictions, and reports how far their scores lie apart.</summary>
    static string ScoreAll(IReadOnlyList<ScoreRun> runs, Exam exam, string folder, Surroundings here, CancellationToken stop)
    {
        List<PredictionSet> sets = [];
        foreach (var (i, (name, settings)) in runs.Index())
        {
            var prepared = Prepared.Of(settings, Need.Model, here);
            here.Tell($"{name} ({i + 1} of {runs.Count})");
            sets.Add(Score(prepared, exam, Path.Combine(folder, $"predictions_{i + 1}.jsonl"), here, stop) with { Name = name });
        }
        var report = Comparison.Of(sets) with { Groups = [new($"{runs.Count} runs", null, [.. Enumerable.Range(0, runs.Count)])] };
        WriteFiles(folder, report, here);
        var text = ReportText.Of(report, here.Languages.Text) + ReportText.Spread(report, here.Languages.Text);
        return text + string.Concat(sets.Where(s => s.Api is not null).Select(s => $"\n{s.Name}{s.Api!.ToText(here.Languages.Text)}"));
    }

    static void WriteFiles(string folder, Comparison report, Surroundings here)
    {
        ReportWriter.Write(folder, report, here.Languages.Reports);
        ReportJson.Write(Path.Combine(folder, "summary.json"), ReportJson.Of(report));
    }
}
