using FinIntent.Calibration;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Jobs.Calibrations;

/// <summary>A calibration in words, and the folder that holds its files.</summary>
sealed record CalibrationSummary(string Text, string Folder);

/// <summary>`finintent calibrate`: asks a model questions with known answers, and keeps what makes its probabilities true.</summary>
static class CalibrateJob
{
    /// <exception cref="UserErrorException">Rows are ones that the model is judged by or was trained on, or are too few.</exception>
    public static CalibrationSummary Run(SettingsFile settings, Surroundings here, CancellationToken stop = default)
    {
        here = here with { Stop = stop };
        var (exam, common, outOfScope) = Read(settings, here);
        var (keys, schema) = (settings.Calibration, new Prepared(settings).LoadSchema());
        var prepared = Prepared.Of(settings, Need.Model, here);
        LeakGuard.Check(prepared, exam, here);
        var folder = FolderOf(prepared);
        using var held = OutputPlace.Filled(folder, "calibration").Lock("calibrate");

        List<AskedQuestion> asked = [.. exam.Questions.Select(AskedQuestion.Of), .. outOfScope];
        IReadOnlyList<OptionReading> readings;
        using (var chat = ChatModel.Load(prepared.Chat, here.Device.Value))
            readings = Read(chat, asked, settings.Inference.ScoringTokens, here, stop);
        List<CalibrationRow> rows = [.. exam.Questions.Zip(readings, (q, reading) => new CalibrationRow(reading, GoldOf(q)))];
        var subject = CalibrationSubject.Of(prepared.Chat, common.Prompt, common.System, common.NoneOption(schema));
        var calibration = IntentCalibration.Of(subject, rows, [.. readings.Skip(rows.Count)], Options(keys)) with
        {
            Origin = new(RowsOf(exam.File, rows.Count), [.. OutOfScopeRows(keys.OutOfScopeFile, schema?.Wording)],
                [.. Enumerable.Range(0, common.Options.Count).Select(k => rows.Count(r => r.Gold == k))], here.Time.GetUtcNow()),
        };
        CalibrationFile.Write(folder, calibration);
        return new(CalibrationText.Of(calibration, here.Languages.Text), folder);
    }

    /// <summary>Reads the rows to calibrate on, and the questions that belong to none of their options.</summary>
    /// <exception cref="UserErrorException">Rows may not be calibrated on, or are asked in different words.</exception>
    public static (Exam Exam, CommonPrompt Common, IReadOnlyList<AskedQuestion> OutOfScope) Read(SettingsFile settings, Surroundings here)
    {
        var keys = settings.Calibration;
        var file = keys.CalibrationFile ?? throw new UserErrorException(
            $"{settings.Path}: calibration_file is missing; name a file of validation rows with known answers");
        if (keys.OutOfScopeFile.FirstOrDefault(path => Path.GetFullPath(path) == Path.GetFullPath(file)) is { } both)
            throw new UserErrorException($"out_of_scope_file: {both} is calibration_file, whose rows belong to the intents; name another");
        foreach (var path in keys.OutOfScopeFile.Prepend(file)) RefuseEvaluationOnly(path);
        var schema = new Prepared(settings).LoadSchema();
        var exam = new Exam(file, QuestionFile.Load(file, schema, here.Warn));
        var common = CommonPrompt.Of(exam);
        if (schema?.OutOfScopeOption is { } none && common.NoneOption(schema) is null)
            throw new UserErrorException($"{file}: its questions bring their own options {CommonPrompt.Names(common.Options)}, " +
                $"and none is {CommonPrompt.Names([schema.Options[none]])}, which intent_schema marks with out_of_scope; " +
                "give rows without options of their own, or another schema");
        RefuseLeaks(settings, exam, schema?.Wording, here);
        return (exam, common, common.Read(keys.OutOfScopeFile, schema?.Wording));
    }

    /// <summary>Reads what one forward says of each question, as many at once as fit.</summary>
    public static IReadOnlyList<OptionReading> Read(
        ChatModel chat, IReadOnlyList<AskedQuestion> asked, int? scoringTokens, Surroundings here, CancellationToken stop = default)
    {
        var scorer = new OptionScorer(chat.Model, scoringTokens);
        List<OptionQuestion> questions = [.. asked.Select(q => chat.OptionQuestion(q.Conversation, [.. q.Options!.Select(o => o.Label)]))];
        List<OptionReading> readings = [];
        foreach (var batch in scorer.Batches(questions))
        {
            stop.ThrowIfCancellationRequested();
            readings.AddRange(scorer.Read(questions[batch]));
            here.Tell($"{readings.Count}/{questions.Count} questions");
        }
        return readings;
    }

    static int GoldOf(EvaluationQuestion question) => question.Options.Index().First(o => o.Item.Label == question.Gold).Index;

    static CalibrationOptions Options(CalibrationSettings keys) => new()
    {
        Coverage = keys.Coverage,
        AbstainAccuracy = keys.AbstainAccuracy,
        AbstainCoverage = keys.AbstainCoverage,
        AbstainConfidence = keys.AbstainConfidence,
        InScopeKept = keys.InScopeKept,
    };

    static CalibrationRows RowsOf(string file, int count) => new(Path.GetFullPath(file), FileFingerprint.Of(file), count);

    static IEnumerable<CalibrationRows> OutOfScopeRows(IEnumerable<string> files, PromptWording? wording) =>
        files.Select(file => RowsOf(file, LeakCheck.QuestionsOf(file, wording).Count));

    /// <summary>The folder that calibration names, else that of the last adapter, else that of the model.</summary>
    static string FolderOf(Prepared prepared)
    {
        var key = prepared.Settings.Calibration.Calibration;
        if (key == UsedCalibration.None)
            throw new UserErrorException($"{prepared.Settings.Given["calibration"]}: calibration: none leaves nothing to write; " +
                "name a folder for it, or leave the key out");
        if (key != UsedCalibration.Auto) return key;
        if (prepared.Adapters is [.., var adapter]) return adapter;
        return !prepared.IsModelOfHub ? prepared.Folder : throw new UserErrorException(
            $"{prepared.Settings.Path}: the model is of a hub, whose cache holds only what the hub has; " +
            "name a folder in the key calibration, here and in evaluations");
    }

    static void RefuseEvaluationOnly(string path)
    {
        EvaluationNotice.Check(path);
        foreach (var row in DataFile.Read(path))
            if (OpenFinData.IsIntentItem(row) || QuestionRow.Prompts(row).Any(OpenFinData.IsIntentPrompt)) throw row.Error(Dataset.Refusal);
    }

    /// <summary>Compares the rows with all questions that the settings name for an evaluation.</summary>
    static void RefuseLeaks(SettingsFile settings, Exam exam, PromptWording? wording, Surroundings here)
    {
        List<string> files = [.. settings.Dataset.LeakCheckFiles];
        if (settings.Inference.EvalFile is { } evaluation) files.Add(evaluation);
        List<string> given = [exam.File, .. settings.Calibration.OutOfScopeFile];
        foreach (var file in given)
            if (files.FirstOrDefault(f => Path.GetFullPath(f) == Path.GetFullPath(file)) is { } same)
                throw new UserErrorException($"{file}: the model is judged by these rows (eval_file or leak_check_files names {same}), " +
                    "so they cannot be calibrated on; take validation rows");
        if (files.Count == 0) return;
        var check = new LeakCheck([.. files.SelectMany(file => LeakCheck.QuestionsOf(file, wording))], wording);
        var report = new LeakReport("a calibration row");
        foreach (var file in given) check.Compare(file, report);
        report.Settle(settings.Dataset.AllowLeak, here.Tell);
    }
}
