using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>One evaluation of a model with several adapters or seeds: a predictions file for each, and a report that tells how far they lie apart.</summary>
static class EvalRuns
{
    /// <summary>One run of the evaluation; its name tells it from the others.</summary>
    public sealed record EvalRun(string Name, SettingsFile Settings);

    /// <exception cref="UserErrorException">The runs would not differ.</exception>
    public static IReadOnlyList<EvalRun> Of(SettingsFile settings)
    {
        var (adapters, seeds) = (settings.Inference.EvalAdapters, settings.Inference.EvalSeeds);
        var samples = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample && settings.Inference.Scoring != ScoringMode.Options;
        if (seeds.Count > 1 && !samples)
            throw Error(settings, "eval_seeds", "the answers do not depend on a seed; set do_sample: true and scoring: generate, or leave eval_seeds out");
        if (adapters.Count + seeds.Count > 1 && settings.Inference.Permutations is not null)
            throw Error(settings, "permutations", "it goes with one adapter and one seed; evaluate the runs one by one, or leave permutations out");
        if (adapters.Count > 0 && settings.Api.Api is not null) throw Error(settings, "eval_adapters", "a model behind an API has no adapters");
        RefuseTwice(settings, "eval_adapters", [.. adapters.Select(Path.GetFullPath)]);
        RefuseTwice(settings, "eval_seeds", [.. seeds.Select(s => $"{s}")]);

        var withAdapters = adapters.Count == 0 ? [new EvalRun("", settings)] : adapters.Select(a => new EvalRun(a, With(settings, a)));
        return [.. withAdapters.SelectMany(run => seeds.Count == 0 ? [run] : seeds.Select(seed => new EvalRun(Named(run.Name, $"seed {seed}"), With(run.Settings, seed))))
            .Select(run => Named(run, settings))];
    }

    public static void Run(
        IReadOnlyList<EvalRun> runs, string file, IReadOnlyList<EvaluationQuestion> questions, string folder, TextWriter output, TextWriter tell)
    {
        List<PredictionSet> sets = [];
        foreach (var (i, (name, given)) in runs.Index())
        {
            var settings = given.Api.Api is null ? SettingsToFolders.Models(given, tell) : given;
            tell.WriteLine($"{name} ({i + 1} of {runs.Count})");
            var leaked = settings.Api.Api is null ? TrainedOn.Check(settings, file, tell.WriteLine) : 0;
            var predictions = Path.Combine(folder, $"predictions_{i + 1}.jsonl");
            var answers = SettingsToPredictions.Ask(new(settings, file, questions, null, predictions), tell.WriteLine).Predictions;
            sets.Add(new(name, predictions, answers) { Api = SettingsToApi.Totals(settings, answers), LeakedQuestions = leaked });
        }
        var report = Comparison.Of(sets) with { Groups = [new($"{runs.Count} runs", null, [.. Enumerable.Range(0, runs.Count)])] };
        ReportWriter.Write(folder, report, Language.Chinese);
        ReportJson.Write(Path.Combine(folder, "summary.json"), ReportJson.Of(report));
        output.Write(ReportText.Of(report, Language.English));
        output.Write(ReportText.Spread(report, Language.English));
        foreach (var set in sets.Where(set => set.Api is not null)) output.Write($"\n{set.Name}{set.Api!.ToText(Language.English)}");
        output.WriteLine($"\n-> {folder}");
    }

    static SettingsFile With(SettingsFile settings, string adapter) => settings with
    {
        Model = settings.Model with { AdapterNameOrPath = [.. settings.Model.AdapterPaths.SkipLast(1), adapter], AdapterFolder = null, AdapterFolders = null! },
    };

    static SettingsFile With(SettingsFile settings, int seed) => settings with
    {
        Train = settings.Train with { Seed = seed },
        Given = settings.Given.Append(new("seed", settings.Given["eval_seeds"])).DistinctBy(g => g.Key).ToDictionary(),
    };

    static EvalRun Named(EvalRun run, SettingsFile settings)
    {
        var name = settings.Output.RunName is { } model ? Named(model, run.Name) : run.Name;
        return new(name, run.Settings with { Output = run.Settings.Output with { RunName = name.Length > 0 ? name : null } });
    }

    static string Named(string first, string second) => string.Join(", ", new[] { first, second }.Where(part => part.Length > 0));

    static void RefuseTwice(SettingsFile settings, string key, IReadOnlyList<string> values)
    {
        if (values.GroupBy(v => v).FirstOrDefault(g => g.Count() > 1) is { } twice) throw Error(settings, key, $"{twice.Key} is given {twice.Count()} times; name each once");
    }

    static UserErrorException Error(SettingsFile settings, string key, string message) => new($"{settings.Given.GetValueOrDefault(key, settings.Path)}: {key}: {message}");
}
