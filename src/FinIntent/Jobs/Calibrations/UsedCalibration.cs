using FinIntent.Calibration;
using FinIntent.Data.Leaks;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Jobs.Calibrations;

/// <summary>The calibration that an evaluation uses.</summary>
static class UsedCalibration
{
    public const string Auto = "auto", None = "none";

    /// <summary>Finds the calibration of the settings' model; null where there is none, or none is wanted.</summary>
    /// <exception cref="UserErrorException">It is of another model or for other questions, or its rows are asked now.</exception>
    public static IntentCalibration? Of(Prepared prepared, Exam exam, Surroundings here)
    {
        if (FolderOf(prepared) is not { } folder || CalibrationFile.Read(folder) is not { } calibration) return null;
        var (common, schema) = (CommonPrompt.Of(exam), prepared.LoadSchema());
        var now = CalibrationSubject.Of(prepared.Chat, common.Prompt, common.System, common.NoneOption(schema));
        if (calibration.Subject.Difference(now) is { } difference)
            throw new UserErrorException($"{CalibrationFile.PathIn(folder)}: {difference}; run `finintent calibrate` again, " +
                "or set calibration: none");
        RefuseOwnRows(calibration, exam, prepared, here);
        return calibration;
    }

    /// <summary>The folder that has a calibration; null where there is none, or none is wanted.</summary>
    public static string? FolderOf(Prepared prepared)
    {
        var (settings, key) = (prepared.Settings, prepared.Settings.Calibration.Calibration);
        if (prepared.ModelFolder is null || settings.Inference.Scoring == Scoring.Generate || key == None) return null;
        if (key == Auto)
        {
            var beside = prepared.Adapters is [.., var adapter] ? adapter : prepared.Folder;
            return CalibrationFile.IsIn(beside) ? beside : null;
        }
        var folder = Path.GetFileName(key) == CalibrationFile.Name ? Path.GetDirectoryName(Path.GetFullPath(key))! : key;
        return CalibrationFile.IsIn(folder) ? folder : throw new UserErrorException(
            $"{settings.Given.GetValueOrDefault("calibration", settings.Path)}: calibration: {folder} has no {CalibrationFile.Name}; " +
            "name a folder that `finintent calibrate` wrote to, or auto, or none");
    }

    /// <summary>Compares the questions with the rows that were calibrated on, where these still are.</summary>
    static void RefuseOwnRows(IntentCalibration calibration, Exam exam, Prepared prepared, Surroundings here)
    {
        var settings = prepared.Settings;
        List<CalibrationRows> rows = [.. calibration.Origin.OutOfScope];
        if (calibration.Origin.Rows is { } own) rows.Insert(0, own);
        var wording = prepared.LoadSchema()?.Wording;
        List<PlacedQuestion> questions = [.. settings.Calibration.OutOfScopeFile.SelectMany(file => LeakCheck.QuestionsOf(file, wording))];
        questions.InsertRange(0, exam.Questions.Select(q => new PlacedQuestion($"{exam.File}: {q.Id}", q.Question)));
        var (check, report) = (new LeakCheck(questions, wording), new LeakReport("a calibration row"));
        foreach (var file in rows.Select(r => r.File))
        {
            if (File.Exists(file)) check.Compare(file, report);
            else here.Tell($"leak check: {file} is no longer there, so the rows that were calibrated on were not compared");
        }
        report.Settle(settings.Dataset.AllowLeak, here.Tell);
    }
}
