using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;

namespace FinIntent.Jobs.Studies;

/// <summary>Does a whole study: each model's base score → train → export → tuned score, then the table and the report.</summary>
/// <remarks>A model behind an API is scored as it is. A model that fails does not stop the others; a stopped study goes on later.</remarks>
sealed class StudyJob(StudyFile file, Surroundings here, CancellationToken stop)
{
    public const string JsonName = "report.json";

    readonly Surroundings _here = here with { Stop = stop };
    readonly List<PredictionSet> _sets = [];
    readonly List<ModelGroup> _groups = [];

    /// <returns>The number of models that did not finish.</returns>
    public int Run()
    {
        using var held = OutputPlace.Filled(file.OutputDir, "output_dir").Lock("experiment");
        // The questions of all models, before anything is fetched or trained for them.
        List<(StudyModel Model, ModelStudy Study)> studies = [.. file.Models.Select(model => (model, Open(model)))];
        foreach (var (model, study) in studies)
        {
            _here.Output.WriteLine($"== {model.Name}");
            _groups.Add(Study(model, study));
        }
        if (_sets.Count == 0)
            throw new UserErrorException($"{file.Path}: no model has a score: " +
                $"{string.Join("; ", _groups.Select(g => $"{g.Name}: {g.Failure}"))}");
        Report();
        return _groups.Count(g => g.Failure is not null);
    }

    ModelStudy Open(StudyModel model)
    {
        var questions = Exam.FileOf(model.With());
        return File.Exists(questions) ? new(file, model, Path.Combine(file.OutputDir, model.Folder), _here, stop)
            : throw new UserErrorException($"{model.Place}: {model.Name}: eval_file: {questions}: no such file; " +
                "OpenFinData's comes with `finintent data pull openfindata`");
    }

    ModelGroup Study(StudyModel model, ModelStudy study)
    {
        int? plain = null;
        List<int> runs = [];
        try
        {
            plain = Add(study.ScoreBase());
            if (!model.IsApi)
                foreach (var seed in file.Seeds) runs.Add(Add(study.ScoreTuned(seed)));
            return new(model.Name, plain, runs);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // Whatever it is, the other models' results are not lost to it; a bug is told whole.
            var told = DiskFull.In(e) ?? e;
            _here.Tell(told is FinIntentException or IOException or UnauthorizedAccessException
                ? $"  error: {told.Message}" : $"  failed: {told}");
            return new(model.Name, plain, runs, told.Message.ReplaceLineEndings(" "));
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
        ReportWriter.Write(file.OutputDir, report, _here.Languages.Reports);
        ReportJson.Write(Path.Combine(file.OutputDir, JsonName), ReportJson.Of(report));
        _here.Output.Write("\n" + ReportText.Study(report, _here.Languages.Text));
        foreach (var set in _sets.Where(set => set.Api is not null))
            _here.Output.Write($"\n{set.Name}{set.Api!.ToText(_here.Languages.Text)}");
        string[] files = [ReportWriter.HtmlName, ReportWriter.MarkdownName, JsonName];
        _here.Output.WriteLine($"\n-> {string.Join(", ", files.Select(name => Path.Combine(file.OutputDir, name)))}");
    }

    /// <summary>Pairs each run with its base, and the best that each model has with the other models'.</summary>
    IEnumerable<(int, int)> Pairs()
    {
        foreach (var group in _groups.Where(g => g.Base is not null))
            foreach (var run in group.Runs) yield return (group.Base!.Value, run);
        List<int> finals = [.. _groups.Select(g => g.Runs.Count > 0 ? g.Runs[0] : g.Base).OfType<int>()];
        foreach (var (i, a) in finals.Index())
            foreach (var b in finals.Skip(i + 1)) yield return (a, b);
    }
}
