using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Training;
using static TorchSharp.torch;

namespace FinIntent.Cli;

/// <summary>What a settings file means for a model that answers.</summary>
static class SettingsToModel
{
    public static ChatModelSource Source(SettingsFile settings) => new(settings.Model.Folder, settings.Model.AdapterFolders)
    {
        Template = settings.Dataset.Template,
        DefaultSystem = settings.Dataset.DefaultSystem,
        EnableThinking = settings.Dataset.EnableThinking,
        MergesAdapter = settings.Model.MergeAdapter,
        Type = TypeOf(settings.Model.InferDtype),
        Format = BaseFormat.Of(settings.Model),
        Force = settings.Inference.Force,
    };

    /// <summary>The intents that intent_schema names; null without.</summary>
    public static IntentSchema? Schema(SettingsFile settings) => settings.Inference.IntentSchema is { } file ? IntentSchema.Load(file) : null;

    /// <summary>Answers depend on the schema's words, too.</summary>
    public static void AddSchema(JsonObject inputs, SettingsFile settings)
    {
        if (settings.Inference.IntentSchema is { } file) inputs["schema_fingerprint"] = FileFingerprint.Of(file);
    }

    public static ScalarType? TypeOf(InferenceType type) => type switch
    {
        InferenceType.BFloat16 => ScalarType.BFloat16,
        InferenceType.Float16 => ScalarType.Float16,
        InferenceType.Float32 => ScalarType.Float32,
        _ => null,
    };

    /// <summary>max_new_tokens wins over max_length when both are given.</summary>
    public static AnswerOptions Answers(SettingsFile settings)
    {
        var g = settings.Generation;
        var isByLength = settings.Given.ContainsKey("max_length") && !settings.Given.ContainsKey("max_new_tokens");
        return new(new(g.DoSample, g.Temperature, g.TopK, g.TopP, g.RepetitionPenalty), isByLength ? int.MaxValue : g.MaxNewTokens)
        {
            MaxLength = isByLength ? g.MaxLength : null,
            StopWords = settings.Inference.StopWords,
            SkipSpecialTokens = g.SkipSpecialTokens,
        };
    }

    /// <summary>How a list of questions is asked. Weights and questions are known by their content, so a changed file is not taken for the old one.</summary>
    public static RunOptions Run(SettingsFile settings, string file, string questions)
    {
        var source = Source(settings);
        var options = new RunOptions(settings.Output.RunName ?? settings.Model.AdapterPaths.LastOrDefault() ?? settings.Model.ModelNameOrPath, file, Answers(settings))
        {
            AnswersAtOnce = settings.Evaluation.PerDeviceEvalBatchSize,
            Seed = settings.Train.Seed,
            Overwrite = settings.Output.OverwriteOutputDir,
            Inputs = new JsonObject
            {
                ["base_fingerprint"] = ModelFingerprint.Of(source.Model),
                ["adapter_fingerprints"] = new JsonArray([.. source.Adapters.Select(a => (JsonNode)FileFingerprint.Of(LoraAdapters.WeightsPath(a)))]),
                ["infer_dtype"] = settings.Model.InferDtype.ToString().ToLowerInvariant(),
                ["base_format"] = source.Format?.Name,
                ["template"] = source.TemplateName,
                ["default_system"] = source.DefaultSystem,
                ["enable_thinking"] = source.EnableThinking,
                ["questions_fingerprint"] = FileFingerprint.Of(questions),
            },
        };
        AddSchema(options.Inputs, settings);
        if (source.MergesAdapter is { } merges) options.Inputs["merge_adapter"] = merges;
        return options;
    }
}
