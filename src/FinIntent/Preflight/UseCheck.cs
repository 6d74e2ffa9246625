using FinIntent.Data.Rows;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Runtime;
using FinIntent.Settings;

namespace FinIntent.Preflight;

/// <summary>Settings that use a trained model: for an export, an evaluation, questions.</summary>
sealed class UseCheck(SettingsFile settings, CheckReport report, CheckSurroundings surroundings)
{
    public void Run()
    {
        if (settings.Inference.EvalFile is { } file)
            report.Try("eval_file", () => report.Ok("eval_file", $"{QuestionFile.Load(file, Schema()).Count:N0} questions in {file}"));
        if (settings.Inference.Questions is { } questions && !File.Exists(questions)) report.Fail("questions", $"{questions}: no such file");
        if (settings.Api.Api is { } api)
        {
            report.Ok("model", $"{settings.Api.ApiModel} behind an API ({api.ToString().ToLowerInvariant()}); it is not asked now");
            return;
        }
        LibTorch.Load();
        if (new ModelCheck(settings, report, surroundings).Run(isTraining: false) is not { } model) return;
        string? name = null;
        report.Try("template", () => { name = Origin.TemplateFor(settings.Dataset.Template, [.. settings.Model.AdapterFolders, model.Folder], settings.Inference.Force); });
        new TemplateCheck(settings, report).Run(model, name);
        if (settings.Export.ExportDir is { } target) report.Try("export_dir", () => CheckExport(target, model));
    }

    IntentSchema? Schema() => settings.Inference.IntentSchema is { } file ? IntentSchema.Load(file) : null;

    void CheckExport(string target, CheckedModel model)
    {
        ModelExport.RefuseForeignFolder(target);
        var bytes = (settings.Model.InferDtype switch
        {
            InferenceType.Float32 => model.Numbers * 4,
            InferenceType.Auto => model.WeightBytes,
            _ => model.Numbers * 2,
        }) + model.CompanionBytes;
        var free = surroundings.FreeBytes(target);
        report.Facts["export_bytes"] = bytes;
        report.Facts["disk_free_bytes"] = free;
        var words = $"{Words.Bytes(bytes)} for the export, {Words.Bytes(free)} are free";
        if (bytes > free) report.Fail("disk", $"{words} at {target}; make room, or name an export_dir on another disk");
        else report.Ok("disk", words);
    }
}
