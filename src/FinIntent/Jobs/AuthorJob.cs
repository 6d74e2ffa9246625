using FinIntent.Authoring;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;
using static System.FormattableString;

namespace FinIntent.Jobs;

/// <summary>`finintent data generate`: models write and judge training rows for the intents of a schema.</summary>
static class AuthorJob
{
    const string DefaultFolder = "generate_output";
    const string Remedy =
        "Run the same command again to go on from here; limits may be raised, and nothing that was answered is asked again";

    /// <summary>Reads the settings of a run.</summary>
    /// <param name="isLocal">Whether a model folder writes and judges; the file's keys of API models are then left out.</param>
    public static SettingsFile Load(string path, bool isLocal, IReadOnlyList<string> overrides) =>
        SettingsFile.Load(path, isLocal ? [.. WithoutApi, .. JudgeOf(path), .. overrides] : overrides);

    /// <param name="accept">A review.csv with decisions, whose rows join the set and no model is asked; null: models write.</param>
    /// <returns>The exit code, which is 1 where the set is not complete.</returns>
    public static async Task<int> Run(SettingsFile settings, string? accept, Surroundings here, CancellationToken stop)
    {
        try
        {
            return await Author(Prepared.Of(settings, Need.Model, here), Judge(settings, here), accept, here, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new UserErrorException($"stopped. {Remedy}");
        }
    }

    /// <summary>Overrides that take the keys of API models out of a file.</summary>
    static IEnumerable<string> WithoutApi => Binding.PropertiesOf(typeof(ApiSettings))
        .Concat(Binding.PropertiesOf(typeof(GenerateSettings))).Select(Binding.KeyOf)
        .Where(key => key.StartsWith("api", StringComparison.Ordinal) || key.StartsWith("judge_api", StringComparison.Ordinal)
            || key.StartsWith("judge_price", StringComparison.Ordinal))
        .Select(key => key + "=null");

    /// <summary>Lets the writer judge where the file's judge is behind an API.</summary>
    static string[] JudgeOf(string path) => Entries.ReadFile(path).ContainsKey("judge_api") ? ["judge=same"] : [];

    /// <summary>Finds the model of judge_model_name_or_path with its adapters; null means that none is named.</summary>
    static Prepared? Judge(SettingsFile settings, Surroundings here)
    {
        var generate = settings.Generate;
        if (generate is not { Judge: JudgeKind.Another, JudgeApi: null, JudgeModelNameOrPath: { } name }) return null;
        var (adapters, model) = (generate.JudgeAdapterNameOrPath, settings.Model);
        model = model with { ModelNameOrPath = name, ModelRevision = "main", AdapterNameOrPath = adapters, AdapterFolder = null };
        return Prepared.Of(settings with { Model = model, Api = new() }, Need.Model, here);
    }

    static async Task<int> Author(Prepared writer, Prepared? judge, string? accept, Surroundings here, CancellationToken stop)
    {
        var (settings, time) = (writer.Settings, here.Time);
        var schema = IntentSchema.Load(settings.Inference.IntentSchema
            ?? throw new UserErrorException(
                $"{settings.Path}: intent_schema is missing; name the file of the intents, such as config/intents/openfindata.yaml"));
        var plan = DatasetPlan.Of(settings.Generate, schema);
        var options = Options(settings, schema);
        string[] evaluationFiles = [.. settings.Dataset.LeakCheckFiles.Append(settings.Inference.EvalFile).OfType<string>()];
        var evaluation = new EvaluationQuestions(evaluationFiles, schema.Wording);
        evaluation.RefuseIn(schema, options.Styles);

        var folder = FolderOf(settings);
        using var held = OutputPlace.Filled(folder, "output_dir").Lock("data generate");
        using var models = new AuthoringModels(writer, judge, asks: accept is null, here);
        using var journal = Journal.Open(folder, Identity(settings, plan, options, models, evaluationFiles),
            settings.Output.OverwriteOutputDir && accept is null);
        var ledger = new Ledger(models.Limits);
        ledger.Add(journal.Spent);
        var asker = new Asker(journal, ledger, time, isAsking: accept is null);
        var check = new QuestionCheck(schema, evaluation.Check);
        var run = new AuthoringRun(schema, plan, options, check, models.Writer, models.Judge, asker);
        var files = new AuthoredFiles(folder, schema, ValidationShare(settings), models.IsPriced, options.Seed, here.Tell);

        var stopped = await Stopped();
        if (accept is not null)
        {
            var decisions = ReviewFile.Read(accept, run.Set, schema, check, run.Rounds, time.GetUtcNow());
            foreach (var decision in decisions) journal.Append(decision);
        }
        run.ApplyDecisions(run.Rounds);
        var isUnfinished = !run.Set.IsComplete;
        files.Write(run.Set, journal, ledger.Spent, isUnfinished ? stopped : null);
        here.Output.WriteLine($"{ProgressOf(run.Set, ledger, models.IsPriced)}\n-> {folder}");
        if (accept is not null) return 0;
        if (isUnfinished && stopped is not null) here.Output.WriteLine($"ended before all rows were there: {stopped.Reason}. {Remedy}");
        return isUnfinished ? 1 : 0;

        async Task<Stopped?> Stopped()
        {
            var end = await run.Run(report =>
            {
                // What the journal tells is soon gone through; what is new is written and told.
                if (asker.Answered == 0) return;
                files.Write(report.Set, journal, report.Spent, new("the run is under way"));
                here.Tell($"round {report.Round}: {ProgressOf(report.Set, ledger, models.IsPriced)}");
            }, stop);
            return end?.Failure is { } failure
                ? throw new UserErrorException($"{failure.Message}. {asker.Answered} answers of this run are kept in {folder}; {Remedy}")
                : end;
        }
    }

    static string FolderOf(SettingsFile settings) =>
        settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;

    static AuthoringOptions Options(SettingsFile settings, IntentSchema schema)
    {
        var g = settings.Generate;
        return new()
        {
            Styles = g.Styles.Count > 0 ? g.Styles : PromptTexts.Of(schema.Language).Styles,
            RowsPerRequest = g.RowsPerRequest,
            JudgeRowsPerRequest = g.JudgeRowsPerRequest,
            StalledRounds = g.StalledRounds,
            Seed = settings.Train.Seed,
        };
    }

    static double ValidationShare(SettingsFile settings)
    {
        var size = settings.Dataset.ValSize;
        if (size >= 1 && size >= settings.Generate.Rows)
            throw new UserErrorException($"{settings.Given["val_size"]}: val_size: {size} of {settings.Generate.Rows} rows " +
                "leaves none to train on; make it smaller, or rows larger");
        return size >= 1 ? size / settings.Generate.Rows : size;
    }

    /// <summary>Returns all that the rows depend on; limits, prices and how requests are made may change from run to run.</summary>
    static JsonObject Identity(SettingsFile settings, DatasetPlan plan, AuthoringOptions options, AuthoringModels models,
        IEnumerable<string> evaluationFiles)
    {
        var identity = models.Identity();
        identity["intent_schema_fingerprint"] = FileFingerprint.Of(settings.Inference.IntentSchema!);
        identity["lengths"] = new JsonArray([.. plan.Lengths.Select(l => (JsonNode)l.ToString())]);
        identity["length_unit"] = plan.Unit.ToString().ToLowerInvariant();
        identity["rows"] = new JsonArray([.. plan.Wanted.Select(row => (JsonNode)new JsonArray([.. row.Select(n => (JsonNode)n)]))]);
        identity["styles"] = new JsonArray([.. options.Styles.Select(s => (JsonNode)s)]);
        identity["rows_per_request"] = options.RowsPerRequest;
        identity["judge_rows_per_request"] = options.JudgeRowsPerRequest;
        identity["seed"] = options.Seed;
        identity["prompt_version"] = PromptTexts.Version;
        identity["evaluation_fingerprints"] = new JsonArray([.. evaluationFiles.Select(f => (JsonNode)FileFingerprint.Of(f))]);
        return identity;
    }

    static string ProgressOf(AuthoredSet set, Ledger ledger, bool isPriced)
    {
        var spent = ledger.Spent;
        var reasons = set.Rejected.OrderByDescending(r => r.Value).Select(r => $"{ReviewFile.Words(r.Key)} {r.Value}");
        var rejected = set.Rejected.Count > 0 ? $" ({string.Join(", ", reasons)})" : "";
        var unreadable = set.Unreadable > 0 ? $", {set.Unreadable} answers unreadable" : "";
        var cost = isPriced ? Invariant($", cost {spent.Cost:0.####}") : "";
        var left = ledger.Limits.Cost is { } budget
            ? Invariant($" of {budget:0.####}, {Math.Max(0, budget - spent.Cost):0.####} left") : "";
        return $"{set.Rows.Count}/{set.Plan.Rows} rows, {set.Aside.Count} set aside, {set.Rejected.Values.Sum()} rejected{rejected}" +
            $"{unreadable}; {spent.Requests} requests, {Invariant($"{spent.Tokens:N0}")} tokens{cost}{left}";
    }
}
