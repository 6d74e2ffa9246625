using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;

namespace FinIntent.Cli.Experiments;

/// <summary>
/// A whole study: each model's base score → train → export → tuned score, models behind an API as they are, then the table and the report. A model
/// that fails does not stop the others; a study that was stopped goes on.
/// </summary>
sealed class Experiment(ExperimentFile file, TextWriter console, CancellationToken stop)
{
    public const string JsonName = "report.json";

    readonly List<PredictionSet> _sets = [];
    readonly List<ModelGroup> _groups = [];

    /// <returns>How many models did not finish.</returns>
    public int Run()
    {
        foreach (var model in file.Models) RefuseMissing(model); // before anything is fetched or trained for them
        foreach (var model in file.Models)
        {
            console.WriteLine($"== {model.Name}");
            _groups.Add(Study(model));
        }
        if (_sets.Count == 0) throw new UserErrorException($"{file.Path}: no model has a score: {string.Join("; ", _groups.Select(g => $"{g.Name}: {g.Failure}"))}");
        Report();
        return _groups.Count(g => g.Failure is not null);
    }

    static void RefuseMissing(ExperimentModel model)
    {
        var questions = model.With().Inference.EvalFile!;
        if (!File.Exists(questions))
            throw new UserErrorException($"{model.Place}: {model.Name}: eval_file: {questions}: no such file; OpenFinData's comes with `finintent data pull openfindata`");
    }

    ModelGroup Study(ExperimentModel model)
    {
        int? plain = null;
        List<int> runs = [];
        try
        {
            var study = new ModelStudy(file, model, Path.Combine(file.OutputDir, model.Folder), console, stop);
            plain = Add(study.ScoreBase());
            if (!model.IsApi) foreach (var seed in file.Seeds) runs.Add(Add(study.ScoreTuned(seed)));
            return new(model.Name, plain, runs);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // Whatever it is, the other models' results are not lost to it; a bug is told whole.
            Console.Error.WriteLine(e is UserErrorException ? $"  error: {e.Message}" : $"  failed: {e}");
            return new(model.Name, plain, runs, e.Message.ReplaceLineEndings(" "));
        }
    }

    int Add(PredictionSet set)
    {
        _sets.Add(set);
        return _sets.Count - 1;
    }

    void Report()
    {
        var report = Comparison.Of(_sets, [.. Pairs()]) with { Groups = _groups };
        ReportWriter.Write(file.OutputDir, report, Language.Chinese);
        ReportJson.Write(Path.Combine(file.OutputDir, JsonName), ReportJson.Of(report));
        console.Write("\n" + ReportText.Study(report, Language.English));
        foreach (var set in _sets.Where(set => set.Api is not null)) console.Write($"\n{set.Name}{set.Api!.ToText(Language.English)}");
        console.WriteLine($"\n-> {string.Join(", ", new[] { ReportWriter.HtmlName, ReportWriter.MarkdownName, JsonName }.Select(name => Path.Combine(file.OutputDir, name)))}");
    }

    /// <summary>Each run against its base, and the best that each model has against the other models'.</summary>
    IEnumerable<(int, int)> Pairs()
    {
        foreach (var group in _groups.Where(g => g.Base is not null))
            foreach (var run in group.Runs) yield return (group.Base!.Value, run);
        List<int> finals = [.. _groups.Select(g => g.Runs.Count > 0 ? g.Runs[0] : g.Base).OfType<int>()];
        foreach (var (i, a) in finals.Index())
            foreach (var b in finals.Skip(i + 1)) yield return (a, b);
    }
}
