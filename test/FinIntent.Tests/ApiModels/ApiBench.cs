using System.Text.Json.Nodes;
using FinIntent.ApiModels;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.ApiModels;

/// <summary>A server, a clock, a folder and questions: what tests of API models need.</summary>
sealed class ApiBench : IDisposable
{
    public const int Faster = 200;

    readonly TemporaryFolder _folder = new();

    public ApiBench(ApiKind kind)
    {
        (Kind, Time) = (kind, new(Faster));
        Server = ApiServer.Start(kind, Time);
    }

    public ApiServer Server { get; }

    public FastTime Time { get; }

    public ApiKind Kind { get; }

    public string this[string name] => _folder[name];

    public string Folder => _folder.Path;

    public ApiSettings Settings { get; set; } = new() { ApiAttempts = 30, ApiTimeout = 2000, ApiModel = "m-1" };

    public int Concurrency { get; set; } = 4;

    public static IReadOnlyList<EvaluationQuestion> Questions(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => $"第{i}只股票怎么样").Select((q, i) =>
            new EvaluationQuestion($"{i}", q, IntentOptions.OpenFinData, "A", IntentPrompt.For(q, IntentOptions.OpenFinData))),
    ];

    public ApiEndpoint Endpoint => new(Kind, "m-1", new(Kind == ApiKind.Anthropic ? Server.Url : Server.Url + "/v1"),
        Key: new(ApiServer.Key, "TEST_KEY"));

    public ApiModel Model(ApiEndpoint? endpoint = null, ApiRequest? request = null) =>
        new(endpoint ?? Endpoint, Settings, request ?? new(64), Time);

    public Task<IReadOnlyList<Prediction>> Run(IReadOnlyList<EvaluationQuestion> questions, string name = "p.jsonl",
        Action<int>? onProgress = null, CancellationToken? stop = null, IReadOnlyDictionary<string, Prediction>? known = null) =>
            Task.Run(() =>
    {
        using var respondent = new ApiRespondent(Model(), Concurrency, defaultSystem: null);
        var run = new PredictionRun("m-1", _folder[name], new JsonObject { ["model"] = "m-1" });
        return respondent.Answer([.. questions.Select(AskedQuestion.Of)], run, (_, done) => onProgress?.Invoke(done), known,
            stop ?? TestContext.Current.CancellationToken);
    });

    public void Dispose()
    {
        Server.Dispose();
        _folder.Dispose();
    }
}
