using FinIntent.Jobs;
using FinIntent.Settings;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Classification;

/// <summary>What a training and an export record is enough to classify with.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class TrainedClassifierTests : IDisposable
{
    const string Question = "客户经理的电话打不通";

    readonly TemporaryFolder _folder = new();

    static string Data => Path.Combine(Reference.Root, "data", "service");
    static CancellationToken Stop => TestContext.Current.CancellationToken;
    static Surroundings Here => new(TextWriter.Null, TextWriter.Null) { Device = new(() => CPU) };

    public void Dispose() => _folder.Dispose();

    string Train(params string[] more)
    {
        var yaml = Path.Combine(Reference.Root, "config", "demo", "service.yaml");
        TrainJob.Run(SettingsFile.Load(yaml,
        [
            $"model_name_or_path={EmbeddedClassifier.Model}", $"dataset_dir={Data}", "leak_check_files=", "max_steps=2", "max_samples=16",
            "plot_loss=false", $"output_dir={_folder["lora"]}", .. more,
        ]), Here, Stop);
        return _folder["lora"];
    }

    string Export(string adapter)
    {
        ExportJob.Run(SettingsFile.Load(_folder.Write("export.yaml", $"""
            model_name_or_path: {EmbeddedClassifier.Model}
            adapter_name_or_path: {adapter}
            export_dir: {_folder["model"]}
            """), []), Here);
        return _folder["model"];
    }

    [Fact]
    public async Task An_adapter_and_its_export_need_no_settings_and_agree()
    {
        var adapter = Train();
        var model = Export(adapter);

        await using var onBase = await IntentClassifier.LoadAsync(adapter, new() { Device = "cpu" }, Stop);
        await using var exported = await IntentClassifier.LoadAsync(model, new() { Device = "cpu" }, Stop);

        Assert.Equal("service_few", onBase.IntentSets.Single().Name);
        Assert.Equal(10, onBase.IntentSets.Single().Intents.Count);
        Assert.Equal(onBase.IntentSets.Single().Intents, exported.IntentSets.Single().Intents);
        var (first, second) = (await onBase.ClassifyAsync(Question, cancellationToken: Stop),
            await exported.ClassifyAsync(Question, cancellationToken: Stop));
        Assert.Equal(first.Intent, second.Intent);
        Assert.Equal(first.Tokens, second.Tokens);
        Assert.Equal(first.Probability, second.Probability, 0.05); // the merged weights are rounded to 16 bits
    }

    [Fact]
    public async Task The_recorded_words_ask_as_the_rows_of_the_training_do()
    {
        var adapter = Train();
        var eval = _folder.Write("eval.yaml", $"""
            model_name_or_path: {EmbeddedClassifier.Model}
            adapter_name_or_path: {adapter}
            eval_file: {Path.Combine(Data, "eval.json")}
            scoring: options
            """);
        var settings = SettingsFile.Load(eval, []);
        var evaluated = ScoreJob.Score(Prepared.Of(settings, Need.Model, Here), Exam.Of(settings), _folder["predictions.jsonl"],
            Here, Stop);
        await using var classifier = await IntentClassifier.LoadAsync(adapter, new() { Device = "cpu" }, Stop);

        var results = await classifier.ClassifyAsync([.. evaluated.Predictions.Select(p => p.Question)], cancellationToken: Stop);

        foreach (var (prediction, result) in evaluated.Predictions.Zip(results))
            Assert.Equal(prediction.OptionList.Select(o => (o.Name, prediction.Probabilities![o.Label])).OrderBy(p => p.Name),
                result.Probabilities.Select(p => (p.Key, p.Value)).OrderBy(p => p.Key));
    }

    [Fact]
    public async Task A_schema_of_the_training_is_recorded_with_the_system_text()
    {
        var schema = Path.Combine(Reference.Root, "config", "service", "schema.yaml");
        var adapter = Train($"intent_schema={schema}", "default_system=你是客服分流助手");

        await using var classifier = await IntentClassifier.LoadAsync(adapter, new() { Device = "cpu" }, Stop);
        await using var named = await IntentClassifier.LoadAsync(adapter, new() { Device = "cpu", Schema = schema }, Stop);

        Assert.Equal("service", classifier.IntentSets.Single().Name);
        var (first, second) = (await classifier.ClassifyAsync(Question, cancellationToken: Stop),
            await named.ClassifyAsync(Question, cancellationToken: Stop));
        Assert.Equal(second.Probabilities, first.Probabilities);
        Assert.Equal(second.Tokens, first.Tokens);
    }
}
