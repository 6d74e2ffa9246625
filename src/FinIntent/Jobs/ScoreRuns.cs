using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>One run of an evaluation, whose name tells it from the others.</summary>
sealed record ScoreRun(string Name, SettingsFile Settings);

/// <summary>Makes the runs of one evaluation: one for each adapter of eval_adapters and each seed of eval_seeds.</summary>
static class ScoreRuns
{
    /// <exception cref="UserErrorException">The runs would not differ.</exception>
    public static IReadOnlyList<ScoreRun> Of(SettingsFile settings)
    {
        var (adapters, seeds) = (settings.Inference.EvalAdapters, settings.Inference.EvalSeeds);
        var isSampled = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample;
        if (seeds.Count > 1 && !(isSampled && settings.Inference.Scoring != Scoring.Options))
            throw Error(settings, "eval_seeds",
                "the answers do not depend on a seed; set do_sample: true and scoring: generate, or leave eval_seeds out");
        if (adapters.Count + seeds.Count > 1 && settings.Inference.Permutations is not null)
            throw Error(settings, "permutations",
                "it goes with one adapter and one seed; evaluate the runs one by one, or leave permutations out");
        if (adapters.Count > 0 && settings.Api.Api is not null)
            throw Error(settings, "eval_adapters", "a model behind an API has no adapters");
        RefuseTwice(settings, "eval_adapters", [.. adapters.Select(Path.GetFullPath)]);
        RefuseTwice(settings, "eval_seeds", [.. seeds.Select(s => $"{s}")]);

        var withAdapters = adapters.Count == 0 ? [new ScoreRun("", settings)] : adapters.Select(a => new ScoreRun(a, With(settings, a)));
        var all = withAdapters.SelectMany(run => seeds.Count == 0 ? [run] : seeds.Select(seed => WithSeed(run, seed)));
        return [.. all.Select(run => Named(run, settings))];
    }

    static SettingsFile With(SettingsFile settings, string adapter) => settings with
    {
        Model = settings.Model with { AdapterNameOrPath = [.. settings.Model.AdapterPaths.SkipLast(1), adapter], AdapterFolder = null },
    };

    static SettingsFile With(SettingsFile settings, int seed) => settings with
    {
        Train = settings.Train with { Seed = seed },
        Given = settings.Given.Append(new("seed", settings.Given["eval_seeds"])).DistinctBy(g => g.Key).ToDictionary(),
    };

    static ScoreRun WithSeed(ScoreRun run, int seed) => new(Named(run.Name, $"seed {seed}"), With(run.Settings, seed));

    static ScoreRun Named(ScoreRun run, SettingsFile settings)
    {
        var name = settings.Output.RunName is { } model ? Named(model, run.Name) : run.Name;
        return new(name, run.Settings with { Output = run.Settings.Output with { RunName = name.Length > 0 ? name : null } });
    }

    static string Named(string first, string second) => string.Join(", ", new[] { first, second }.Where(part => part.Length > 0));

    static void RefuseTwice(SettingsFile settings, string key, IReadOnlyList<string> values)
    {
        if (values.GroupBy(v => v).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Error(settings, key, $"{twice.Key} is given {twice.Count()} times; name each once");
    }

    static UserErrorException Error(SettingsFile settings, string key, string message) =>
        new($"{settings.Given.GetValueOrDefault(key, settings.Path)}: {key}: {message}");
}
