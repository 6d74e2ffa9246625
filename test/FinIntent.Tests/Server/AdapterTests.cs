using System.Net;
using System.Text.Json.Nodes;
using FinIntent.Server;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>Adapters on one model: each with its own intents, loaded, replaced and removed while requests run.</summary>
public sealed class AdapterTests : IAsyncLifetime
{
    const string Route = "/v1/intent/classify";

    static readonly string[] Texts = ["茅台还能买吗", "大盘怎么样", "怎么开户", "基金定投好不好"];

    readonly TemporaryFolder _folder = new();
    RunningServer _server = null!;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        TestAdapters.Write(_folder["root/a"], 1);
        TestAdapters.Write(_folder["root/b"], 2, ["挂失", "充值", "退款"]);
        TestAdapters.Write(_folder["root/c"], 3, ["挂失", "充值"]);
        _server = await RunningServer.StartAsync(new()
        {
            AdapterRoot = _folder["root"],
            Adapters = [new("a", _folder["root/a"]), new("b", _folder["root/b"])],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    static string Ask(string text, string? adapter) => new JsonObject { ["input"] = text, ["adapter"] = adapter }.ToJsonString();

    async Task<JsonNode> Classify(string text, string? adapter)
    {
        var (status, body) = await _server.PostAsync(Route, Ask(text, adapter));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    [Fact]
    public async Task Adapters_with_different_intents_answer_in_one_forward_what_each_answers_alone()
    {
        string?[] names = [null, "a", "b"];
        var pairs = (from text in Texts from name in names select (text, name)).ToList();
        List<string> alone = [];
        foreach (var (text, name) in pairs) alone.Add(ResultOf(await Classify(text, name)));

        var together = await Task.WhenAll(pairs.Select(pair => Classify(pair.text, pair.name)));

        Assert.Equal(alone, together.Select(ResultOf));
        Assert.Equal(3, together.Select(body => (string)body["adapter_version"]!).Distinct().Count());
        Assert.Equal(3, (await Classify("丢了卡", "b"))["results"]![0]!["probabilities"]!.AsArray().Count);
    }

    static string ResultOf(JsonNode body) => body["results"]!.ToJsonString();

    [Fact]
    public async Task An_unmerged_adapter_answers_as_the_library_does_without_merging_to_the_last_bit()
    {
        var settings = FinIntent.Settings.SettingsFile.Of("command line", FinIntent.Settings.Entries.Of([
            $"model_name_or_path={Classification.EmbeddedClassifier.Model}", $"adapter_name_or_path={_folder["root/a"]}",
                "merge_adapter=false"]));
        var here = new FinIntent.Jobs.Surroundings(TextWriter.Null, TextWriter.Null) { Device = new(() => TorchSharp.torch.CPU) };
        using var model = FinIntent.Classification.ClassifierModel.Load(
            FinIntent.Jobs.Classify.Classifiers.Find(settings, here).Source, TorchSharp.torch.CPU);
        foreach (var text in Texts)
        {
            var ready = model.Encode(text, model.Set(null));
            var expected = model.AnswerOf(ready, model.Scorer.Read([ready.Question])[0]).ResultIn(ready.Set);

            var result = (await Classify(text, "a"))["results"]![0]!;

            Assert.Equal(BitConverter.DoubleToInt64Bits(expected.Probability),
                BitConverter.DoubleToInt64Bits((double)result["probability"]!));
        }
    }

    [Fact]
    public async Task A_version_that_is_replaced_ends_its_requests_and_the_next_ones_get_the_new_one()
    {
        var before = (string)(await Classify("丢了卡", "b"))["adapter_version"]!;
        var running = Enumerable.Range(0, 40).Select(i => Classify(Texts[i % Texts.Length], "b")).ToList();

        var (version, replaced) = await _server.Host.PutAdapterAsync("b", "c", Stop);
        var answers = await Task.WhenAll(running);
        var after = await Classify("丢了卡", "b");

        Assert.Equal(before, replaced!.Version);
        Assert.Equal(version.Version, (string)after["adapter_version"]!);
        Assert.Equal(2, after["results"]![0]!["probabilities"]!.AsArray().Count);
        Assert.All(answers, body => Assert.Equal((string)body["adapter_version"]! == before ? 3 : 2,
            body["results"]![0]!["probabilities"]!.AsArray().Count));
    }

    [Fact]
    public async Task An_adapter_that_is_removed_is_not_found()
    {
        Assert.NotNull(_server.Host.RemoveAdapter("a"));

        var (status, body) = await _server.PostAsync(Route, Ask("大盘怎么样", "a"));

        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("there is no model \"a\"; served are finintent-8m, b", (string?)body["error"]!["message"]);
        Assert.Null(_server.Host.RemoveAdapter("a"));
    }

    [Fact]
    public async Task A_name_with_a_version_insists_on_that_version()
    {
        var version = (string)(await Classify("大盘怎么样", "a"))["adapter_version"]!;

        Assert.Equal("a", (string?)(await Classify("大盘怎么样", $"a@{version}"))["adapter"]);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.PostAsync(Route, Ask("大盘怎么样", "a@000000000000"))).Status);
    }

    [Theory]
    [InlineData("x", "../elsewhere", "version is the name of a folder")]
    [InlineData("x", "/etc", "version is the name of a folder")]
    [InlineData("x", "..", "version is the name of a folder")]
    [InlineData("x", "nothing", "there is no version \"nothing\"")]
    [InlineData("x", "outside", "there is no version \"outside\"")]
    [InlineData("x", "weights-outside", "there is no version \"weights-outside\"")]
    [InlineData("x", "pickled", "no adapter_model.safetensors")]
    [InlineData("x", "empty", "no adapter_model.safetensors")]
    [InlineData("x/y", "a", "an adapter's name has letters")]
    [InlineData("finintent-8m", "a", "not the model's own")]
    public async Task What_a_caller_may_not_load_is_refused_without_a_path_of_the_machine(string name, string version, string message)
    {
        TestAdapters.Write(_folder["elsewhere"], 4);
        Directory.CreateSymbolicLink(_folder["root/outside"], _folder["elsewhere"]);
        Directory.CreateDirectory(_folder["root/weights-outside"]);
        File.Copy(_folder["elsewhere/adapter_config.json"], _folder["root/weights-outside/adapter_config.json"]);
        File.CreateSymbolicLink(_folder["root/weights-outside/adapter_model.safetensors"], _folder["elsewhere/adapter_model.safetensors"]);
        Directory.CreateDirectory(_folder["root/pickled"]);
        File.Copy(_folder["elsewhere/adapter_config.json"], _folder["root/pickled/adapter_config.json"]);
        File.WriteAllText(_folder["root/pickled/adapter_model.bin"], "");
        Directory.CreateDirectory(_folder["root/empty"]);

        var error = await Assert.ThrowsAsync<FinIntent.Server.Errors.ServerError>(() => _server.Host.PutAdapterAsync(name, version, Stop));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder["root"], error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder["elsewhere"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_of_another_base_is_refused_without_the_path_of_the_model()
    {
        TestAdapters.Write(_folder["root/foreign"], 5);
        var record = File.ReadAllText(_folder["root/foreign/run.json"]);
        var print = (string)JsonNode.Parse(record)!["base_fingerprint"]!;
        File.WriteAllText(_folder["root/foreign/run.json"], record.Replace(print, new string('0', print.Length), StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<FinIntent.Server.Errors.ServerError>(() => _server.Host.PutAdapterAsync("x", "foreign", Stop));

        Assert.Contains("was trained on the base model with fingerprint 0000", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(EmbeddedClassifier.Model, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder["root"], error.Message, StringComparison.Ordinal);
    }
}
