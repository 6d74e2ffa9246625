using FinIntent.Cli.Commands;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.Cli;
using Xunit;

namespace FinIntent.Tests.Settings;

public sealed class ApiSettingsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_API_model_needs_no_local_one_and_its_parameters_keep_their_types()
    {
        var s = Load("api: openai\napi_model: m\napi_parameters: {a: 1, b: 0.5, c: true, d: null, e: text, f: '1', g: [x, {h: 2}]}");

        Assert.Equal(ApiKind.OpenAi, s.Api.Api);
        Assert.Equal("""{"a":1,"b":0.5,"c":true,"d":null,"e":"text","f":"1","g":["x",{"h":2}]}""", s.Api.ApiParameters.ToJsonString());
        Assert.Equal("""{"temperature":null}""", Load("api: openai\napi_model: m",
            "api_parameters={temperature: null}").Api.ApiParameters.ToJsonString());
    }

    [Theory]
    [InlineData("api_model: m", "api.yaml:1: api_model: it is for a model behind an API, and api is missing; set it to anthropic, " +
        "openai, azure or ollama")]
    [InlineData("api: claude\napi_model: m", "\"claude\" is not one of anthropic, openai, azure, ollama")]
    [InlineData("api: openai", "api_model is missing")]
    [InlineData("api: azure\napi_model: m", "api_base is missing")]
    [InlineData("api: openai\napi_model: m\nmodel_name_or_path: base",
        "api.yaml:3: model_name_or_path: it names a local model, and api: openai one behind an API")]
    [InlineData("api: openai\napi_model: m\napi_version: 2024-10-21", "only azure has one, not openai")]
    [InlineData("api: openai\napi_model: m\napi_price_input: 3", "give the other one too")]
    [InlineData("api: openai\napi_model: m\nscoring: both", "an API model is scored by what it writes: generate")]
    [InlineData("api: anthropic\napi_model: m\ntemperature: 0.5", "api_parameters, such as {temperature: 0}")]
    [InlineData("api: openai\napi_model: m\ntop_k: 5", "give it in api_parameters")]
    [InlineData("api: openai\napi_model: m\napi_concurrency: 0", "allowed are numbers from 1 to 256")]
    [InlineData("api: openai\napi_model: m\napi_parameters: 3", "expected a map")]
    [InlineData("api: openai\napi_model: m\napi_key: sk-1", "keys are read from the environment or user secrets only")]
    public void What_does_not_go_together_is_named(string yaml, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Load(yaml));

        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain("sk-1", error.Message);
    }

    [Fact]
    public void Only_eval_asks_an_API()
    {
        var file = _folder.Write("api.yaml", "api: openai\napi_model: m");

        foreach (var command in new[] { ExportCommand.Build(), InferenceCommand.Build() })
            Assert.Contains("needs a local model", Assert.Throws<UserErrorException>(() => CommandLine.Run(command, file)).Message);
        var error = new StringWriter();
        Assert.Equal(1, TrainCommand.Build().Parse([file]).Invoke(new() { Error = error }));
        Assert.Contains("needs a local model", error.ToString());
    }

    [Theory]
    [InlineData("api: openai", 0.0, null, 4096)]
    [InlineData("api: anthropic", null, null, 4096)]
    [InlineData("api: openai\ndo_sample: true", null, null, 4096)]
    [InlineData("api: openai\ndo_sample: true\ntemperature: 0.5\ntop_p: 0.9\nmax_new_tokens: 8", 0.5, 0.9, 8)]
    public void Answers_are_greedy_where_they_can_be(string yaml, double? temperature, double? topP, int maxTokens)
    {
        var request = Respondents.RequestOf(Load(yaml + "\napi_model: m"));

        Assert.Equal((temperature, topP, maxTokens), (request.Temperature, request.TopP, request.MaxTokens));
    }

    SettingsFile Load(string yaml, params string[] overrides) => SettingsFile.Load(_folder.Write("api.yaml", yaml), overrides);
}
