using System.Diagnostics;
using System.Text.Json;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>The program itself asks a server on this machine.</summary>
public sealed class ApiEvalTests : IDisposable
{
    const int Count = 24;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_killed_run_goes_on_and_tells_tokens_and_price_and_the_key_is_nowhere()
    {
        using var server = ApiServer.Start(ApiKind.Anthropic);
        server.FaultOf = (question, attempt) => server.Requests.Count > 9 && attempt == 1 ? Fault.Silence : null;
        using (var killed = Start(server, ApiServer.Key))
        {
            while (server.Requests.Count < 12 && !killed.HasExited) await Task.Delay(5, TestContext.Current.CancellationToken);
            killed.Kill();
            await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        var kept = PredictionFile.Read(_folder["out/predictions.jsonl"]).Select(p => p.Question).ToList();
        server.FaultOf = (_, _) => null;
        server.Requests.Clear();

        var (code, output, error) = await Finish(Start(server, ApiServer.Key));

        Assert.True(code == 0, error);
        Assert.InRange(kept.Count, 1, 9);
        Assert.Empty(server.Requests.Select(r => r.Question).Intersect(kept));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), PredictionFile.Read(_folder["out/predictions.jsonl"])
            .Select(p => p.Id));
        Assert.Contains("tokens: 2,400 in, 72 out; price 0.0083", output);
        var model = JsonDocument.Parse(File.ReadAllText(_folder["out/summary.json"])).RootElement.GetProperty("models")[0];
        Assert.Equal((2400, 72), (model.GetProperty("api").GetProperty("input_tokens").GetInt32(), model.GetProperty("api")
            .GetProperty("output_tokens").GetInt32()));
        Assert.Equal(2400 * 3e-6 + 72 * 15e-6, model.GetProperty("api").GetProperty("price").GetDouble(), 1e-12);
        foreach (var rule in (string[])["strict", "lenient", "last_capital", "flexible"]) Assert.Equal(1.0, model.GetProperty(rule)
            .GetProperty("accuracy").GetDouble());
        AssertNoKey(ApiServer.Key, output, error);
    }

    [Fact]
    public async Task Permuted_questions_are_told_before_and_counted_in_tokens_and_price()
    {
        using var server = ApiServer.Start(ApiKind.Anthropic);

        var (code, output, error) = await Finish(Start(server, ApiServer.Key, "permutations: rotations"));

        Assert.True(code == 0, error);
        Assert.Contains("permutations: 5 orders of 24 questions, 96 answers more", error);
        Assert.Equal(5 * Count, server.Requests.Count);
        Assert.Contains("tokens: 12,000 in, 360 out; price 0.0414", output);
        Assert.Equal(5 * Count, PredictionFile.Read(_folder["out/permutations.jsonl"]).Count);
    }

    [Fact]
    public async Task A_key_that_is_refused_ends_with_1_and_is_not_shown()
    {
        const string Wrong = "sk-wrong-98765";
        using var server = ApiServer.Start(ApiKind.Anthropic);

        var (code, output, error) = await Finish(Start(server, Wrong));

        Assert.Equal(1, code);
        Assert.Contains($"error: {server.Url}/v1/messages answered 401 Unauthorized: invalid key Bearer [key] (authentication_error); " +
            "the key is not accepted", error);
        AssertNoKey(Wrong, output, error);
    }

    Process Start(ApiServer server, string key, string more = "")
    {
        var rows = Enumerable.Range(0, Count).Select(i => $"第{i}个基金").Select(q => new Dictionary<string, string>
        {
            ["instruction"] = IntentPrompt.For(q, IntentOptions.OpenFinData).Text,
            ["output"] = ApiServer.AnswerTo(q),
        });
        var settings = _folder.Write("eval.yaml", $"""
            api: anthropic
            api_model: m-1
            api_base: {server.Url}
            api_price_input: 3
            api_price_output: 15
            eval_file: {_folder.Write("questions.json", JsonSerializer.Serialize(rows))}
            output_dir: {_folder["out"]}
            {more}
            """);
        var start = ProgramProcess.Of("eval", settings);
        start.Environment["ANTHROPIC_API_KEY"] = key;
        return Process.Start(start)!;
    }

    static async Task<(int Code, string Output, string Error)> Finish(Process process)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output, await error);
        }
    }

    void AssertNoKey(string key, params string[] texts)
    {
        Assert.All(texts, text => Assert.DoesNotContain(key, text));
        Assert.All(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), file =>
            Assert.DoesNotContain(key, File.ReadAllText(file)));
    }
}
