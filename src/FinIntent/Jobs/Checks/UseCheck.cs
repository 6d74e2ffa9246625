using FinIntent.Files;
using FinIntent.Jobs.Calibrations;
using FinIntent.Lora;
using FinIntent.Runtime;
using FinIntent.Settings;

namespace FinIntent.Jobs.Checks;

/// <summary>Checks settings that use a trained model, for an export, an evaluation or questions.</summary>
sealed class UseCheck(Prepared prepared, CheckReport report, Surroundings here)
{
    readonly SettingsFile _settings = prepared.Settings;

    public void Run()
    {
        if (_settings.Inference.EvalFile is not null) report.Try("eval_file", CheckExam);
        if (OutputOf(_settings) is { } output) report.Try(output.Key, output.Check);
        if (_settings.Calibration.CalibrationFile is not null) report.Try("calibration_file", CheckCalibration);
        if (_settings.Inference.Questions is { } questions)
            report.Try("questions", () => report.Ok("questions", $"{Count(AnswerJob.Load(_settings, questions).Count)} in {questions}"));
        if (_settings.Api.Api is { } api)
        {
            report.Ok("model", $"{_settings.Api.ApiModel} behind an API ({api.ToString().ToLowerInvariant()}); it is not asked now");
            return;
        }
        LibTorch.Load();
        if (new ModelCheck(prepared, report, here).Run(isTraining: false) is not { } model) return;
        string? name = null;
        string[] folders = [.. prepared.Adapters, model.Folder];
        report.Try("template", () =>
            { name = Provenance.TemplateFor(_settings.Dataset.Template, folders, _settings.Inference.Force); });
        new TemplateCheck(prepared, report).Run(model, name);
        if (_settings.Export.ExportDir is { } target) report.Try("export_dir", () => CheckExport(target, model));
    }

    /// <summary>Returns where the run writes; null where it writes nothing, or only the model says where.</summary>
    static OutputPlace? OutputOf(SettingsFile settings) =>
        settings.Export.ExportDir is { } target ? OutputPlace.Replaced(target, "export_dir")
            : settings.Inference.EvalFile is not null && settings.Calibration.CalibrationFile is null
            ? OutputPlace.Filled(ScoreJob.FolderOf(settings), "output_dir")
            : settings.Inference.Questions is { } questions ? AnswerJob.PlaceOf(settings, questions) : null;

    void CheckExam()
    {
        var (exam, runs) = (Exam.Of(_settings, left => report.Warn("eval_file", left)), ScoreRuns.Of(_settings));
        var orders = exam.Permuted is { } permuted ? $", each in {permuted.Orders.Count} orders" : "";
        report.Ok("eval_file", $"{Count(exam.Questions.Count)} in {exam.File}{orders}{(runs.Count > 1 ? $", {runs.Count} runs" : "")}");
    }

    void CheckCalibration()
    {
        var (exam, _, outOfScope) = CalibrateJob.Read(_settings, here);
        report.Ok("calibration_file", $"{Count(exam.Questions.Count)} in {exam.File}, {outOfScope.Count:N0} out of scope");
    }

    static string Count(int questions) => questions == 1 ? "1 question" : $"{questions:N0} questions";

    void CheckExport(string target, CheckedModel model)
    {
        ModelExport.RefuseForeignFolder(target);
        ReportRoom(_settings, target, model, report, here);
    }

    /// <summary>Reports whether there is room for an export; what a killed one left makes room, since it is removed first.</summary>
    public static void ReportRoom(SettingsFile settings, string target, CheckedModel model, CheckReport report, Surroundings here)
    {
        var place = OutputPlace.Replaced(target, "export_dir");
        var bytes = (settings.Model.InferDtype switch
        {
            InferenceType.Float32 => model.Numbers * 4,
            InferenceType.Auto => model.WeightBytes,
            _ => model.Numbers * 2,
        }) + model.CompanionBytes;
        var free = here.FreeBytes(place.Folder) + place.BytesLeft;
        report.Facts["export_bytes"] = bytes;
        report.Facts["disk_free_bytes"] = free;
        var words = $"{Amounts.Bytes(bytes)} for the export, {Amounts.Bytes(free)} are free";
        if (bytes > free) report.Fail("disk", $"{words} at {place.Folder}; make room, or name an export_dir on another disk");
        else report.Ok("disk", words);
    }
}
