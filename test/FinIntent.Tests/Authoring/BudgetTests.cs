using System.Text;
using FinIntent.Authoring;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class BudgetTests
{
    const decimal InputPrice = 3, OutputPrice = 15;
    const int MaxNewTokens = 700;

    /// <summary>
    /// The server counts what it would charge for, also where no answer arrives; the tokens are anything up to a token a byte, and the
    /// limit.
    /// </summary>
    sealed class Meter
    {
        readonly Lock _lock = new();
        readonly Random _random;

        public Meter(GenerateBench bench, int seed)
        {
            _random = new(seed);
            bench.Server.UsageOf = (prompt, _) =>
            {
                lock (_lock)
                {
                    var usage = (In: _random.Next(100, Encoding.UTF8.GetByteCount(prompt)), Out: _random.Next(2) == 0 ? MaxNewTokens
                        : _random.Next(MaxNewTokens));
                    Cost += (usage.In * InputPrice + usage.Out * OutputPrice) / 1e6m;
                    Tokens += usage.In + usage.Out;
                    return usage;
                }
            };
        }

        public decimal Cost { get; private set; }

        public long Tokens { get; private set; }
    }

    static readonly string[] Prices = [$"api_price_input={InputPrice}", $"api_price_output={OutputPrice}",
        $"max_new_tokens={MaxNewTokens}"];

    [Theory]
    [InlineData(0.04, 1, 0)]
    [InlineData(0.08, 4, 0.2)]
    [InlineData(0.15, 16, 0.5)]
    [InlineData(0.3, 3, 0.7)]
    public async Task A_budget_is_never_exceeded_in_any_run_and_any_order_and_is_used(double budget, int concurrency, double faults)
    {
        using var bench = new GenerateBench();
        var meter = new Meter(bench, concurrency);
        var random = new Random(concurrency);
        bench.Server.FaultOf = (_, _) =>
        {
            lock (random) return random.NextDouble() < faults ? (Fault)random.Next(Enum.GetValues<Fault>().Length) : null;
        };
        string[] settings = [.. Prices, $"api_concurrency={concurrency}", "rows=600", "api_attempts=3", $"budget={budget}"];

        for (var run = 0; run < 4; run++)
        {
            var rows = 0;
            try
            {
                var (code, output, _) = await bench.Run(settings);
                Assert.Equal(1, code);
                Assert.Contains($"budget ({budget})", output);
                rows = bench.Rows().Count;
            }
            catch (UserErrorException e)
            {
                Assert.Contains("are kept in", e.Message); // the endpoint counted as down
            }
            Assert.True(meter.Cost <= (decimal)budget, $"{meter.Cost} of {budget}");
            Assert.True(Spent(bench.Journal).Cost <= (decimal)budget, $"{Spent(bench.Journal).Cost} of {budget} in the journal");
            Assert.True(Spent(bench.Journal).Cost >= meter.Cost, "the server charges for more than the journal knows");
            // What is left is less than a request for rows and one to judge them could take.
            if (faults == 0) Assert.True(rows > 0 && (decimal)budget - meter.Cost < MostOfTwo(bench),
                $"{rows} rows for {meter.Cost} of {budget}");
        }
    }

    [Fact]
    public async Task A_limit_of_tokens_or_requests_is_kept_too_and_a_higher_one_goes_on()
    {
        using var bench = new GenerateBench();
        var meter = new Meter(bench, 7);

        var (_, output, _) = await bench.Run([.. Prices, "max_tokens_total=20000"]);
        Assert.InRange(meter.Tokens, 1, 20_000);
        Assert.Contains("max_tokens_total (20000)", output);
        (_, output, _) = await bench.Run([.. Prices, "max_requests=8"]);
        Assert.Equal(8, bench.Server.Requests.Count);
        Assert.Contains("max_requests (8)", output);
        Assert.Equal(0, (await bench.Run([.. Prices, "budget=5"])).Code);
        Assert.Equal(60, bench.Rows().Count);
        Assert.Equal(bench.Server.Requests.Count, bench.Server.Requests.Select(r => r.Question).Distinct().Count());
    }

    [Theory]
    [InlineData("budget=1", "budget: 1 cannot be kept without prices; give api_price_input and api_price_output")]
    [InlineData("budget=1 api_price_input=1 api_price_output=1 judge=another judge_api=ollama judge_api_model=j",
        "give judge_price_input and judge_price_output")]
    [InlineData("max_tokens_total=9 api_parameters={max_tokens:5}",
        "api_parameters: max_tokens may change what a request costs, so max_tokens_total could not be kept; use max_new_tokens")]
    [InlineData("budget=1 api_price_input=1 api_price_output=1 api_parameters={n:5}", "api_parameters: n may change what a request costs")]
    [InlineData("judge=another", "judge: another needs one model, and none is given")]
    [InlineData("judge_api=ollama", "judge_api: it is for another model than the one that writes, and judge is same; set judge: another")]
    [InlineData("judge=another judge_api=ollama", "judge_api_model is missing")]
    [InlineData("class_shares={行业板块问询:1,个股问询:1,基金问寻:1}", "class_shares: the schema has no intent \"基金问寻\"; did you mean \"基金问询\"?")]
    [InlineData("class_shares={行业板块问询:1,个股问询:1}", "there is no share of \"基金问询\"; give one, or 0")]
    [InlineData("length_shares={4-8:1,8-9:1}", "4-8 and 8-9 overlap")]
    [InlineData("length_shares={short:1}", "\"short\" is not a range of lengths such as 4-8")]
    [InlineData("length_unit=words", "it has no usual lengths in Chinese; give length_shares")]
    [InlineData("intent_schema=none.yaml", "none.yaml")]
    [InlineData("val_size=60", "leaves none to train on")]
    public async Task What_cannot_be_kept_or_does_not_fit_is_refused_before_anything_is_sent(string settings, string expected)
    {
        using var bench = new GenerateBench();
        var given = settings.Split(' ').Select(part => part.Replace(":", ": ")
            .Replace("length_shares={4-8: 1,8", "length_shares={4-8: 1, 8").Replace(",", ", "));
        // The bench's own lengths go where the unit is tried.
        if (settings.StartsWith("length_unit", StringComparison.Ordinal)) given = given.Append("length_shares=null");

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run([.. given]));

        Assert.Contains(expected, error.Message);
        Assert.Empty(bench.Server.Requests);
    }

    static decimal MostOfTwo(GenerateBench bench) => 2 * bench.Journal.Where(r => r.Kind == JournalKind.Sent).Max(r => r.Cost!.Value);

    static Amount Spent(IReadOnlyList<JournalRecord> journal)
    {
        var (sum, last) = (default(Amount), new Dictionary<string, Amount>());
        foreach (var record in journal)
        {
            if (record.Kind == JournalKind.Sent) sum += last[record.Id] = record.Amount;
            if (record.Kind == JournalKind.Answer) sum += record.Amount - last[record.Id];
            if (record.Kind == JournalKind.Free) sum -= last[record.Id];
        }
        return sum;
    }
}
