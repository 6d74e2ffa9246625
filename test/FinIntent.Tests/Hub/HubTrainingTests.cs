using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Training;
using Xunit;

namespace FinIntent.Tests.Hub;

[Collection(TorchRandomCollection.Name)]
public sealed class HubTrainingTests : IDisposable
{
    readonly HubFixture _hub = new();

    [Fact]
    public void A_model_of_a_hub_is_trained_and_what_is_written_keeps_its_name()
    {
        using var fixture = ParityFixture.Open("qwen2");
        var repository = _hub.Server.Add("models/acme/qwen2");
        foreach (var path in Directory.EnumerateFiles(fixture.Folder)) repository.Files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        File.WriteAllLines(_hub["rows.jsonl"], fixture.Train.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText()));
        File.WriteAllText(_hub["train.yaml"], $"""
            model_name_or_path: acme/qwen2
            tokenized_path: {_hub["rows.jsonl"]}
            allow_leak: true
            output_dir: {_hub["out"]}
            max_steps: 1
            """);

        var result = TrainJob.Run(SettingsFile.Load(_hub["train.yaml"], []), _hub.Surroundings, TestContext.Current.CancellationToken);

        Assert.True(result.IsFinished);
        Assert.Equal("acme/qwen2", (string)Json("adapter_config.json")["base_model_name_or_path"]!);
        Assert.Equal("acme/qwen2", (string)Json("run.json")["base_model"]!);
        Assert.Equal("acme/qwen2", (string)Json("run.json")["settings"]!["model_name_or_path"]!);
        Assert.Equal(ModelFingerprint.Of(fixture.Folder), (string)Json("run.json")["base_fingerprint"]!);
    }

    JsonNode Json(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(_hub["out"], name)))!;

    public void Dispose() => _hub.Dispose();
}
