using System.Diagnostics;
using System.Text;
using FinIntent.Tests.Jobs;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>The program itself on models and data sets of a hub: in which order it fetches and checks.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class HubCommandTests : IDisposable
{
    const string Weights = "model.safetensors";

    readonly HubFixture _hub = new();
    readonly CheckedRun _run = new();

    public HubCommandTests()
    {
        var repository = _hub.Server.Add("models/acme/tiny");
        foreach (var path in Directory.EnumerateFiles(_run.Tiny.Model)) repository.Files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        _hub.Server.Add("datasets/acme/rows").Files["train.json"] =
            Encoding.UTF8.GetBytes("""[{"instruction": "白酒板块还行吗", "output": "A"}, {"instruction": "茅台今天多少钱", "output": "B"}]""");
    }

    ServedRepository Model => _hub.Server.Repositories["models/acme/tiny"];

    bool HasWeights => _hub.Server.Served.ContainsKey(Model.ETag(Weights));

    [Fact]
    public async Task A_run_that_cannot_begin_fetches_no_weights_and_one_that_can_does()
    {
        var file = _run.Write();
        string[] hub = ["model_name_or_path=acme/tiny", "max_steps=1"];

        var (code, _, error) = await Run(["train", file, .. hub, "template=llama3"]);

        Assert.Equal(1, code);
        Assert.Contains("template \"llama3\" needs bos_token", error);
        Assert.False(HasWeights);

        (code, var output, error) = await Run(["train", file, .. hub]);
        Assert.True(code == 0, output + error);
        Assert.True(HasWeights);
    }

    [Fact]
    public async Task Weights_that_came_are_checked_before_a_run()
    {
        var content = Model.Files[Weights];
        Model.Files[Weights] = content[..^64];

        var (code, output, error) = await Run(["train", _run.Write(), "model_name_or_path=acme/tiny", "max_steps=1"]);

        Assert.True(code == 1, output + error);
        Assert.Contains("error: ", error);
        Assert.Contains(Weights, error);
        Assert.False(Directory.Exists(_run["out"]));
    }

    [Fact]
    public async Task A_check_tells_what_the_hub_says_of_a_known_model_and_of_rows()
    {
        _run.Tiny.Write("dataset_info.json", """{"train": {"hf_hub_url": "acme/none"}}""");

        var (code, output, _) = await Run(["check", _run.Write(), "model_name_or_path=Qwen/Qwen2.5-0.5B-Instruct"]);

        Assert.Equal(1, code);
        Assert.Contains("hf_hub_url: there is no data set acme/none", output);
        Assert.Contains("there is no model Qwen/Qwen2.5-0.5B-Instruct", output);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("check")]
    public async Task A_hub_that_cannot_be_reached_is_one_error_and_the_true_one(string verb)
    {
        var (code, output, error) = await Run([verb, _run.Write(), "model_name_or_path=acme/tiny"], ("HF_HUB_OFFLINE", "1"));

        Assert.Equal(1, code);
        Assert.Contains("acme/tiny: HF_HUB_OFFLINE forbids the network", output + error);
        Assert.DoesNotContain("name one, or a model of a hub", output + error);
        Assert.Contains("1 error, ", output + error);
    }

    [Fact]
    public async Task A_plan_says_why_it_does_without_the_rows_of_a_hub()
    {
        _run.Tiny.Write("dataset_info.json", """{"train": {"hf_hub_url": "acme/none"}}""");

        var (code, output, error) = await Run(["plan", _run.Write()]);

        Assert.True(code == 0, error);
        Assert.Contains("there is no data set acme/none", error);
        Assert.Contains("of cutoff_len", output);
    }

    [Fact]
    public async Task What_is_all_here_asks_for_no_token()
    {
        var (code, output, error) = await Run(["check", _run.Write()], ("HF_TOKEN", "hf_ab c"), ("MODELSCOPE_API_TOKEN", "a b"));

        Assert.True(code == 0, output + error);

        (code, output, _) = await Run(["check", _run.Write(), "model_name_or_path=acme/tiny"], ("HF_TOKEN", "hf_ab c"));
        Assert.Equal(1, code);
        Assert.Contains("HF_TOKEN: the token has blanks", output);
    }

    [Fact]
    public async Task Labelled_rows_of_a_hub_are_counted()
    {
        _run.Tiny.Write("dataset_info.json", """{"far": {"hf_hub_url": "acme/rows"}}""");

        var (code, output, error) = await Run(["data", "stats", "far", "--dataset-dir", Path.GetDirectoryName(_run.Tiny.Model)!]);

        Assert.True(code == 0, error);
        Assert.Contains("far", output);
    }

    [Fact]
    public async Task A_judge_is_looked_for_at_the_hub()
    {
        var file = _run.Tiny.Write("generate.yaml", "api: openai\napi_model: x\njudge: another\njudge_model_name_or_path: acme/none\n");

        var (code, _, error) = await Run(["data", "generate", file]);

        Assert.Equal(1, code);
        Assert.Contains("there is no model acme/none", error);
    }

    async Task<(int Code, string Output, string Error)> Run(string[] arguments, params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "finintent.dll"),
            .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in (string[])["HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "USE_MODELSCOPE_HUB"]) start.Environment.Remove(name);
        start.Environment["HF_HOME"] = _hub["hf"];
        start.Environment["HF_ENDPOINT"] = _hub.Server.Url;
        foreach (var (name, value) in more) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    public void Dispose()
    {
        _hub.Dispose();
        _run.Dispose();
    }
}
