using FinIntent.Checkpoints;
using FinIntent.Files;

namespace FinIntent.Models;

/// <summary>Tells models of one model_type that were taught to read conversations in different forms.</summary>
static class PublishedFamily
{
    const string TokenizerConfig = "tokenizer_config.json";

    /// <summary>Returns the template of the family of a folder's model.</summary>
    /// <exception cref="UserErrorException">The model is of an earlier generation, whose form is none of the templates.</exception>
    public static string TemplateIn(string folder)
    {
        var config = new ModelConfig(Checkpoint.ReadConfig(folder), Path.Combine(folder, Checkpoint.ConfigName));
        var family = ModelFamily.Of(config);
        return EarlierGeneration(folder, family) is { } earlier
            ? throw new UserErrorException($"template: {earlier}; name the template that the model is to be used with") : family.Template;
    }

    /// <summary>Says that a model is of a generation before the one that the family's template is of; null where nothing says so.</summary>
    /// <remarks>ChatGLM2 and ChatGLM3 have the same configuration and tensors; the name from which the files were saved tells them
    /// apart.</remarks>
    public static string? EarlierGeneration(string folder, ModelFamily family)
    {
        if (family.ModelType != "chatglm") return null;
        (string, string)[] names = [(TokenizerConfig, "name_or_path"), (Checkpoint.ConfigName, "_name_or_path")];
        foreach (var (file, key) in names)
        {
            var path = Path.Combine(folder, file);
            if (!File.Exists(path)) continue;
            using var json = JsonFile.Read(path);
            if (new ModelConfig(JsonFile.Object(json.RootElement, path), path).Text(key) is not { } name) continue;
            if (name.Contains("chatglm2", StringComparison.OrdinalIgnoreCase))
                return $"{path} says {TerminalText.Short(name)}: ChatGLM2 reads \"[Round 1]\\n\\n问：…\\n\\n答：\", which is none of the " +
                    $"templates here, and never learnt the marks of {family.Template}";
        }
        return null;
    }
}
