using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.ApiModels;

public sealed class ApiRespondentTests
{
    public static TheoryData<string> Kinds => ["Anthropic", "OpenAi", "Azure", "Ollama"];

    [Theory, MemberData(nameof(Kinds))]
    public async Task Whatever_goes_wrong_every_question_is_answered_once_and_the_bound_is_kept(string kind)
    {
        using var bench = new ApiBench(Enum.Parse<ApiKind>(kind));
        (bench.Concurrency, bench.Settings) = (8, bench.Settings with { ApiTimeout = 20 });
        bench.Server.FaultOf = RandomFaults(seed: 5);
        var questions = ApiBench.Questions(60);

        var predictions = await bench.Run(questions);

        AssertWhole(bench, questions);
        Assert.Equal(questions.Select(q => ApiServer.AnswerTo(q.Question)), predictions.Select(p => p.Output));
        Assert.All(predictions, p => Assert.Equal((100, 3, null), (p.InputTokens, p.OutputTokens, p.Finish)));
        Assert.InRange(bench.Server.MostAtOnce, 1, 8);
        Assert.InRange(bench.Server.Requests.Count, 61, 600);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task As_many_questions_are_under_way_as_allowed(int concurrency)
    {
        using var bench = new ApiBench(ApiKind.OpenAi) { Concurrency = concurrency };
        bench.Server.Pause = TimeSpan.FromMilliseconds(20);

        await bench.Run(ApiBench.Questions(4 * concurrency));

        Assert.Equal(concurrency, bench.Server.MostAtOnce);
    }

    [Fact]
    public async Task A_run_stopped_again_and_again_asks_nothing_twice()
    {
        using var bench = new ApiBench(ApiKind.Anthropic);
        (bench.Settings, bench.Server.FaultOf) = (bench.Settings with { ApiTimeout = 20 }, RandomFaults(seed: 6));
        var questions = ApiBench.Questions(40);
        var random = new Random(7);
        var stops = 0;
        for (var isDone = false; !isDone;)
        {
            using var stop = new CancellationTokenSource();
            var before = File.Exists(bench["p.jsonl"]) ? PredictionFile.Read(bench["p.jsonl"]).Select(p => p.Question).ToList() : [];
            var asked = bench.Server.Requests.Count;
            var last = before.Count + random.Next(1, 12);
            try
            {
                await bench.Run(questions, onProgress: done => { if (done >= last) stop.Cancel(); }, stop: stop.Token);
                isDone = true;
            }
            catch (OperationCanceledException)
            {
                stops++;
            }
            Assert.Empty(bench.Server.Requests.Skip(asked).Select(r => r.Question).Intersect(before));
        }

        Assert.InRange(stops, 3, 40);
        AssertWhole(bench, questions);
    }

    [Fact]
    public async Task A_question_whose_attempts_are_used_up_is_named_and_asked_by_the_next_run()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Settings = bench.Settings with { ApiAttempts = 3 };
        var questions = ApiBench.Questions(20);
        bench.Server.FaultOf = (question, _) => question == questions[7].Question ? Fault.ServerError : null;

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(questions));
        var left = PredictionFile.Read(bench["p.jsonl"]).Count;
        var attempts = bench.Server.Requests.Count(r => r.Question == questions[7].Question);
        bench.Server.FaultOf = (_, _) => null;
        bench.Server.Requests.Clear();
        await bench.Run(questions);

        Assert.StartsWith("1 of 20 questions have no answer", error.Message);
        foreach (var part in (string[])["api_attempts) for 7;", "answered 500 InternalServerError: broken",
            "Run the same command again"]) Assert.Contains(part, error.Message);
        Assert.Equal((19, 3), (left, attempts));
        Assert.Equal([questions[7].Question], bench.Server.Requests.Select(r => r.Question));
        AssertWhole(bench, questions);
    }

    [Fact]
    public async Task An_endpoint_that_is_down_is_given_up_soon()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        bench.Settings = bench.Settings with { ApiAttempts = 2 };
        bench.Server.FaultOf = (_, _) => Fault.Overloaded;

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(ApiBench.Questions(200)));

        Assert.StartsWith("200 of 200 questions have no answer", error.Message);
        Assert.Contains("529 Overloaded", error.Message);
        Assert.InRange(bench.Server.Requests.Count, 2, 16);
    }

    [Fact]
    public async Task Permuted_questions_are_asked_once_each_but_for_those_that_are_known()
    {
        using var bench = new ApiBench(ApiKind.OpenAi);
        var permuted = PermutedQuestions.Of(ApiBench.Questions(4), "rotations", 1);
        var predictions = await bench.Run(permuted.Questions);
        bench.Server.Requests.Clear();

        var inOrders = await bench.Run(permuted.All, "permutations.jsonl", known: permuted.Known(predictions));
        var again = await bench.Run(permuted.All, "permutations.jsonl", known: permuted.Known(predictions));

        Assert.Equal(4 * 4, bench.Server.Requests.Count);
        Assert.Equal(permuted.All.Select(q => q.Id), PredictionFile.Read(bench["permutations.jsonl"]).Select(p => p.Id));
        Assert.Equal(predictions.Select(p => p with { Id = p.Id + "@ABCDE" }).Select(p => p.ToLine()), inOrders.Where((_, i) => i % 5 == 0)
            .Select(p => p.ToLine()));
        Assert.Equal(inOrders.Select(p => p.ToLine()), again.Select(p => p.ToLine()));
    }

    [Fact]
    public async Task Predictions_of_other_questions_are_refused_by_line()
    {
        using var bench = new ApiBench(ApiKind.Ollama);
        await bench.Run(ApiBench.Questions(3));
        var others = ApiBench.Questions(3).Select(q => q with { Question = q.Question + "？" }).ToList();

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(others));

        Assert.Contains("p.jsonl:1: the prediction is for 0 \"第0只股票怎么样\", but that question is now \"第0只股票怎么样？\"", error.Message);
    }

    /// <summary>Half of the requests fail, in all the ways there are; the same ones for the same seed.</summary>
    static Func<string, int, Fault?> RandomFaults(int seed) => (question, attempt) =>
    {
        var random = new Random(seed + 1000 * attempt + question.Sum(c => c));
        return random.NextDouble() < 0.5 ? (Fault)random.Next(Enum.GetValues<Fault>().Length) : null;
    };

    static void AssertWhole(ApiBench bench, IReadOnlyList<EvaluationQuestion> questions)
    {
        Assert.Equal(questions.Select(q => (q.Id, q.Question)), PredictionFile.Read(bench["p.jsonl"]).Select(p => (p.Id, p.Question)));
        Assert.All(Directory.GetFiles(bench.Folder), file => Assert.DoesNotContain(ApiServer.Key, File.ReadAllText(file)));
    }
}
