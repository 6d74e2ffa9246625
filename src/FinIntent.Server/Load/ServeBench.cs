using FinIntent.Jobs;
using FinIntent.Jobs.Classify;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Load;

/// <summary>Says which server is measured.</summary>
/// <param name="Url">Where a server runs; null starts one.</param>
/// <param name="Key">The key of the server.</param>
/// <param name="Model">The model of the server that is started, and of classify's rate.</param>
/// <param name="Settings">A settings file and key=value, for the server that is started and for classify's rate.</param>
/// <param name="Flags">Flags of `finintent serve` for the server that is started.</param>
sealed record ServeBenchServer(
    Uri? Url, string? Key, string? Model, IReadOnlyList<string> Settings, IReadOnlyList<string> Flags)
{
    /// <summary>Random weights that are served in this process; null: the model is another.</summary>
    public RandomHost? Random { get; init; }

    /// <summary>Says whether it is known which model is measured.</summary>
    public bool HasModel => Model is not null || Settings.Count > 0;

    /// <summary>Reads what stands behind the options: settings, then flags of `finintent serve`.</summary>
    public static ServeBenchServer Of(Uri? url, string? key, string? model, IReadOnlyList<string> words) =>
        new(url, key, model, [.. words.TakeWhile(word => !IsFlag(word))], [.. words.SkipWhile(word => !IsFlag(word))]);

    static bool IsFlag(string word) => word.StartsWith("--", StringComparison.Ordinal);
}

/// <summary>`finintent bench serve`: how many requests a server answers, and how long each takes, under loads of two kinds.</summary>
/// <param name="tell">It is given each load's outcome, those of the search for the highest rate, too.</param>
sealed class ServeBench(ServeBenchServer server, LoadTexts texts, LoadQuestion question, LoadPlan plan, Action<LoadOutcome> tell)
{
    /// <exception cref="UserErrorException">The server cannot be started or reached, or a rate is a share of one that is not
    /// known.</exception>
    public async Task<ServeBenchResult> Run(Surroundings here, CancellationToken stop)
    {
        if (server.Random is { } random) return await Run(random, stop);
        if (!server.HasModel && plan.Rates.Any(rate => rate.OfClassify is not null))
            throw new UserErrorException("--rates: a share is one of classify's rate, which needs --model");
        if (!server.HasModel && server.Url is null)
            throw new UserErrorException("name a server with --url, or the model of one to start with --model");
        double? classify = server.HasModel ? await Task.Run(() => ClassifyRate.Measure(
            ClassifyArguments.ForServing(server.Model, server.Settings), texts, plan.Times.Duration, here), stop) : null;
        if (server.Url is { } url) return await Measure(new(url, server.Key), null, classify, stop);
        string[] model = server.Model is null ? [] : ["--model", server.Model];
        await using var started = await ServerProcess.Start([.. model, .. server.Settings, .. server.Flags], stop);
        var result = await Measure(new(started.Url, server.Key), started, classify, stop);
        var code = await started.Stop();
        return code == 0 ? result
            : throw new UserErrorException($"finintent serve ended with {code} in place of 0:{Environment.NewLine}{started.LastLines}");
    }

    async Task<ServeBenchResult> Run(RandomHost random, CancellationToken stop)
    {
        var options = new ServeOptions { Port = 0 };
        await using var here = IntentServer.Create(options, builder => builder.Logging.ClearProviders());
        await here.StartAsync(stop);
        var (host, rate) = await random.CreateAsync(options, texts, plan.Times.Duration, here.Services);
        here.Serve(host);
        return await Measure(new(here.Address, null), null, rate, stop);
    }

    async Task<ServeBenchResult> Measure(LoadTarget target, ServerProcess? started, double? classify, CancellationToken stop)
    {
        var generator = new LoadGenerator(target, new(texts, target, question), plan.Times);
        using var http = new HttpClient { Timeout = plan.Times.Timeout };
        List<LoadOutcome> outcomes = [];
        foreach (var clients in plan.Clients) outcomes.Add(await Load(() => generator.Closed(clients, stop)));
        foreach (var rate in plan.Rates)
        {
            if (!rate.IsKnee) outcomes.Add(await Open(rate.PerSecond ?? rate.OfClassify!.Value * classify!.Value));
            else if (await Knee(outcomes.Max(o => (double?)o.AnswersPerSecond)) is { } knee) outcomes.Add(knee);
        }
        return new(target.Url, plan, question, classify, outcomes);

        Task<LoadOutcome> Open(double rate) => Load(() => generator.Open(rate, plan.Arrivals, stop));

        Task<LoadOutcome?> Knee(double? most) => most is > 0 ? KneeSearch.Find(most.Value, plan.KneeMs, Open)
            : throw new UserErrorException("--rates auto begins at what clients reach that wait; give --clients");

        async Task<LoadOutcome> Load(Func<Task<LoadOutcome>> load)
        {
            var (counted, processor) = (await ServerCounts.Read(http, target), started?.Processor);
            var outcome = await load();
            outcome = outcome with
            {
                ServerProcessor = started?.Processor - processor,
                Counted = ServerCounts.Between(counted, await ServerCounts.Read(http, target)),
            };
            Check(outcome, target);
            tell(outcome);
            return outcome;
        }
    }

    static void Check(LoadOutcome outcome, LoadTarget target)
    {
        if (!outcome.IsReconciled)
            throw new InvalidOperationException($"{outcome.Sent} requests were sent, {outcome.All.Count} have an end");
        if (outcome.WithoutAnswer.GetValueOrDefault(LoadEnding.NotConnected) == outcome.Sent)
            throw new UserErrorException($"{target.Url}: no connection; is a server there?");
    }
}
