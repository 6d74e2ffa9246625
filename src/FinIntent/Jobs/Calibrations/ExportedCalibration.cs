using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Lora;

namespace FinIntent.Jobs.Calibrations;

/// <summary>Carries a calibration from an adapter or model to the model that is exported from it.</summary>
/// <remarks>Merging rounds the weights, so what was chosen holds for the exported model as nearly as its logits are the same.</remarks>
static class ExportedCalibration
{
    /// <summary>Writes the calibration of the last adapter, or without one of the model, for the weights in a folder.</summary>
    /// <exception cref="UserErrorException">The calibration is of other weights than are exported.</exception>
    public static void Write(ChatModelSource source, string folder, Surroundings here)
    {
        var beside = source.Adapters is [.., var adapter] ? adapter : source.Model;
        if (CalibrationFile.Read(beside) is not { } calibration) return;
        var subject = calibration.Subject;
        if (subject.BaseFormat is { } format)
        {
            here.Tell($"{CalibrationFile.PathIn(beside)} was made for weights in the form {format}, and plain ones are exported, " +
                "so it is left out; run `finintent calibrate` on the exported model");
            return;
        }
        var now = subject with
        {
            BaseFingerprint = ModelFingerprint.Of(source.Model),
            AdapterFingerprints = [.. source.Adapters.Select(a => FileFingerprint.Of(LoraAdapters.WeightsPath(a)))],
            Template = source.TemplateName,
        };
        if (subject.Difference(now) is { } difference)
            throw new UserErrorException($"{CalibrationFile.PathIn(beside)}: {difference}; " +
                "run `finintent calibrate` again, or remove the file");
        CalibrationFile.Write(folder, calibration with
        {
            Subject = subject with { BaseFingerprint = ModelFingerprint.Of(folder), AdapterFingerprints = [] },
            Origin = calibration.Origin with
            {
                MergedFrom = calibration.Origin.MergedFrom ?? [subject.BaseFingerprint, .. subject.AdapterFingerprints],
            },
        });
    }
}
