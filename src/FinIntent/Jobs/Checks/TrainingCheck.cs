using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;

namespace FinIntent.Jobs.Checks;

/// <summary>Checks all that can be known of a training before its weights are loaded.</summary>
/// <remarks>The rows that are encoded for it are the ones to train on, so a run that is checked first does nothing twice.</remarks>
sealed class TrainingCheck : IDisposable
{
    readonly Prepared _prepared;
    readonly CheckReport _report;

    TrainingCheck(Prepared prepared, CheckReport report) => (_prepared, _report) = (prepared, report);

    SettingsFile Settings => _prepared.Settings;

    /// <summary>The rows; null when they could not be read.</summary>
    public TrainingRows? Rows { get; private set; }

    public TrainingInput? Input { get; private set; }

    /// <param name="isAlone">True means that no run follows, so that nothing is written (tokenized_path).</param>
    public static TrainingCheck Run(Prepared prepared, CheckReport report, Surroundings here, bool isAlone)
    {
        LibTorch.Load();
        var check = new TrainingCheck(prepared, report);
        if (check.Settings.Api.Api is not null) return check;
        var model = new ModelCheck(prepared, report, here).Run(isTraining: true);
        var (tokenizer, template) = model is null ? (null, null) : check.CheckTemplate(model);
        check.ReadRows(here, model, tokenizer, template, isAlone);
        if (check is { Rows: { } rows, Input: { } input }) new RunCheck(check.Settings, report, here).Run(rows, input, model);
        return check;
    }

    /// <summary>Says whether all rows are tokens already, which need neither tokenizer nor template.</summary>
    bool IsTokensOnly => File.Exists(Settings.Dataset.TokenizedPath) && Settings.Dataset.EvalDataset.Count == 0;

    (Tokenizer?, ChatTemplate?) CheckTemplate(CheckedModel model)
    {
        var hasTokenizer = Tokenizer.IsIn(model.Folder);
        if (!IsTokensOnly || (hasTokenizer && Settings.Dataset.Template is not null))
            return new TemplateCheck(_prepared, _report).Run(model, Settings.Dataset.Template);
        return (hasTokenizer ? _report.Try("tokenizer", () => Tokenizer.Load(model.Folder)) : null, null);
    }

    void ReadRows(Surroundings here, CheckedModel? model, Tokenizer? tokenizer, ChatTemplate? template, bool isAlone)
    {
        var (data, stage) = (Settings.Dataset, Settings.Method.Stage);
        if (data.Dataset.Count == 0 && data.TokenizedPath is null) return;
        if (isAlone && data.Dataset.Count > 0 && !File.Exists(data.TokenizedPath)) data = data with { TokenizedPath = null };
        IReadOnlyList<int> ends = stage == Stage.Sft && template is not null ? template.StopTokenIds : [];
        using RowSurvey train = new(ends), validation = new(ends);
        var canEncode = tokenizer is not null && template is not null;
        var inspection = new RowInspection
        {
            Train = train,
            Validation = validation,
            Cache = canEncode ? here.Cache : null,
            Encoder = canEncode ? new(model!.Folder, template!.Name) : null,
            HubFiles = _prepared.HubFiles,
        };
        var isCompared = data.LeakCheckFiles.Count + data.EvalDataset.Count > 0;
        Rows = _report.Try("rows", () => TrainingRows.Load(data, stage, Settings.Train.Seed, Encoder, _ => { }, () => tokenizer,
            inspection with { Wording = isCompared ? _prepared.LoadSchema()?.Wording : null }));
        Report(train, validation);
        if (Rows is { Train.Count: 0 } && _report.Errors == 0)
            _report.Fail("rows", "no row is left to train on; add rows, or look at max_samples and the columns in dataset_info.json");
        if (Rows is null || Rows.Train.Count == 0 || !(canEncode || IsTokensOnly)) return;
        if (model is not null) _report.Try("rows", () => Rows.Check(model.Vocabulary));
        Input = TrainJob.InputOf(Rows, Settings);

        // Without a tokenizer the rows are read for what else is wrong with them.
        RowEncoder Encoder() => canEncode ? RowEncoder.For(stage, data, tokenizer!, template!)
            : new(_ => new([0, 0], [TokenRow.IgnoredLabel, 0]));
    }

    void Report(RowSurvey train, RowSurvey validation)
    {
        var rows = new RowCheck(Settings, _report);
        if (Rows is { } read)
        {
            _report.Facts["training_rows"] = read.Train.Count;
            _report.Facts["validation_rows"] = read.Validation?.Count ?? 0;
            _report.Facts["longest_row"] = train.Findings.Longest;
            _report.Facts["cut_rows"] = train.Findings.Cut.Count;
            _report.Ok("rows", $"{read.Train.Count:N0} to train on, {read.Validation?.Count ?? 0:N0} for validation" +
                (train.Findings.Longest > 2 ? $"; the longest has {train.Findings.Longest:N0} tokens" : ""));
        }
        rows.Report("training", train.Findings);
        rows.Report("validation", validation.Findings);
        if (train.Leaks is { } leaks) rows.Report(leaks);
    }

    public void Dispose() => Rows?.Dispose();
}
