using FinIntent.Intents;
using FinIntent.Jobs.Studies;
using FinIntent.Settings;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Settings;

/// <summary>The files under config/.</summary>
public sealed class ShippedSettingsTests
{
    static string Folder => Path.Combine(Reference.Root, "config");

    public static TheoryData<string> Files =>
        new(Directory.EnumerateFiles(Folder, "*.y*ml", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file))
            .Where(file => Path.GetDirectoryName(file) != "experiment" && !IsSchema(file)).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Files))]
    public void Every_file_has_known_keys_only_and_a_template_there_is(string file)
    {
        var settings = SettingsFile.Load(Path.Combine(Folder, file), []);

        if (settings.Api.Api is null) Assert.Contains(settings.Dataset.Template, ChatTemplate.Names);
        if (settings.Dataset.Dataset.Count > 0) CrossChecks.CheckTraining(settings);
    }

    static bool IsSchema(string file) => Path.GetDirectoryName(file) == "intents" || Path.GetFileName(file) == "schema.yaml";

    [Theory]
    [InlineData("intents/openfindata.yaml", 5)]
    [InlineData("intents/openfindata_none.yaml", 6)]
    [InlineData("banking/schema.yaml", 24)]
    public void A_schema_loads(string file, int intents)
    {
        Assert.True(IsSchema(file));
        Assert.Equal(intents, IntentSchema.Load(Path.Combine(Folder, file)).Intents.Count);
    }

    [Theory]
    [InlineData("demo", 5)]
    [InlineData("openfindata", 7)]
    public void A_studys_models_have_known_keys_only(string name, int count)
    {
        var study = StudyFile.Read(Path.Combine(Folder, "experiment", $"{name}.yaml"), []);

        Assert.Equal(count, study.Models.Count);
        foreach (var settings in study.Models.Where(m => !m.IsApi).Select(m => m.With()))
        {
            Assert.Contains(settings.Dataset.Template, ChatTemplate.Names);
            CrossChecks.CheckTraining(settings);
        }
        Assert.All(study.Models, model => Assert.NotNull(model.With().Inference.EvalFile));
    }

    /// <summary>The recipe the published results were made with.</summary>
    [Theory]
    [InlineData("qwen25/qwen25_7b", "Qwen/Qwen2.5-7B-Instruct", "qwen")]
    [InlineData("qwen25/qwen25_0.5b", "Qwen/Qwen2.5-0.5B-Instruct", "qwen")]
    [InlineData("qwen3/qwen3_8b", "Qwen/Qwen3-8B", "qwen3")]
    [InlineData("llama3/llama3_8b", "meta-llama/Meta-Llama-3-8B-Instruct", "llama3")]
    [InlineData("chatglm3/chatglm3_6b", "THUDM/chatglm3-6b", "chatglm3")]
    [InlineData("baichuan2/baichuan2_7b", "baichuan-inc/Baichuan2-7B-Chat", "baichuan2")]
    public void The_models_share_one_recipe_and_their_files_name_each_others_folders(string name, string model, string template)
    {
        SettingsFile train = Load(""), export = Load("_export"), inference = Load("_inference"), eval = Load("_eval");

        foreach (var file in new[] { train, export, inference, eval })
            Assert.Equal((model, template), (file.Model.ModelNameOrPath, file.Dataset.Template));
        foreach (var file in new[] { export, inference, eval }) Assert.Equal([train.Output.OutputDir], file.Model.AdapterPaths);
        Assert.Equal((FinetuningType.Lora, 8, 16.0, "all"),
            (train.Method.FinetuningType, train.Method.LoraRank, train.Method.EffectiveLoraAlpha, Assert.Single(train.Method.LoraTarget)));
        Assert.Equal((1e-4, 3.0, 1, 8, SchedulerType.Cosine, true), (train.Train.LearningRate, train.Train.NumTrainEpochs,
            train.Train.PerDeviceTrainBatchSize, train.Train.GradientAccumulationSteps, train.Train.LrSchedulerType, train.Train.Bf16));
        Assert.Equal(("intent_understanding", 2048, 1000, 0.1),
            (Assert.Single(train.Dataset.Dataset), train.Dataset.CutoffLen, train.Dataset.MaxSamples, train.Dataset.ValSize));
        Assert.Equal((EvaluationStrategy.Steps, 2), (train.Evaluation.EvalStrategy, export.Export.ExportSize));
        Assert.NotEqual(train.Output.OutputDir, export.Export.ExportDir);

        SettingsFile Load(string suffix) => SettingsFile.Load(Path.Combine(Folder, $"{name}_lora_sft{suffix}.yaml"), []);
    }
}
