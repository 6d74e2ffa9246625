using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Jobs.Calibrations;
using FinIntent.Jobs.Demo;
using FinIntent.Settings;
using TorchSharp;
using static System.FormattableString;

namespace FinIntent.Bench;

/// <summary>Measures calibration on the demo's tuned model (docs/calibrate.md): on our rows, carried over to Fin-Eva, and on 100 halves
/// of it.</summary>
/// <param name="root">The project's folder.</param>
/// <param name="output">The folder for the two adapters that are trained; what is there already is not trained again.</param>
sealed class CalibrationBench(string root, string output, Surroundings here)
{
    const string NoneSchema = "openfindata_none.yaml";

    static readonly string[] OutOfScopeFiles = ["far_val", "near_val", "far_test", "near_test"];

    string Data => Path.Combine(root, "data");

    public void Run()
    {
        var own = Measured(Train("lora", "config/demo/lora.yaml", $"dataset_dir={Data}"), IntentSchema.OpenFinData);
        TrustTable.Print(here.Output, "five intents; calibrated on 160 validation rows, 66 near and 63 far rows", own, own.Validation);
        SplitStudy.Print(here.Output, own);
        var schema = IntentSchema.Load(Path.Combine(root, "config", "intents", NoneSchema));
        var none = Measured(Train("lora_none", "config/demo/none.yaml", $"dataset_dir={Path.Combine(Data, "oos")}"), schema);
        List<CalibrationRow> validation =
            [.. none.Validation, .. none.OutOfScope["near_val"].Select(r => new CalibrationRow(r, schema.OutOfScopeOption))];
        TrustTable.Print(here.Output, "six intents, trained with 176 near rows as the sixth; calibrated on the same rows",
            none with { IsNoneTrained = true }, validation);
    }

    string Train(string name, string recipe, string rows)
    {
        var adapter = Path.Combine(output, name);
        if (File.Exists(Path.Combine(adapter, "adapter_model.safetensors"))) return adapter;
        TrainJob.Run(SettingsFile.Load(Path.Combine(root, recipe),
        [
            $"model_name_or_path={Path.Combine(root, "models", "finintent-8m")}", $"output_dir={adapter}", "plot_loss=false",
            rows,
        ]), here);
        return adapter;
    }

    MeasuredReadings Measured(string adapter, IntentSchema schema)
    {
        using var chat = ChatModel.Load(new(Path.Combine(root, "models", "finintent-8m"), [adapter]), torch.CPU);
        var quiet = here with { Error = TextWriter.Null };
        var folder = FinEva.FindFolder(Data) ?? throw new UserErrorException("Fin-Eva's files are not there; data/README.md tells where to put them");
        var labels = Path.Combine(Data, FinEva.LabelsFile);
        var labelled = FinEva.Load(labels, folder);
        var rest = Rest(folder, [.. labelled.Select(q => q.Id)]);
        return new(Rows("intent_val.json"), Rows("intent_eval.json"),
            Ask([.. labelled.Select(q => (q.Question, q.Gold))]), ReadingsOf([.. rest.Select(q => q.Text)]))
        {
            OutOfScope = OutOfScopeFiles.ToDictionary(name => name, name => ReadingsOf(
                [.. DataFile.Read(Path.Combine(Data, "oos", $"{name}.csv")).Select(row => row.Needed("question"))])),
            FinEvaRestFiles = [.. rest.Select(q => q.File)],
            NoneOption = schema.OutOfScopeOption,
        };

        List<CalibrationRow> Rows(string file) => Ask([.. QuestionFile.LoadLabelled(Path.Combine(Data, file), schema)
            .Select(row => (row.Question, schema.LabelFor(row.Intent)!))]);

        List<CalibrationRow> Ask(IReadOnlyList<(string Question, string Label)> questions) =>
            [.. ReadingsOf([.. questions.Select(q => q.Question)]).Zip(questions, (reading, q) =>
                new CalibrationRow(reading, schema.Options.Index().First(o => o.Item.Label == q.Label).Index))];

        IReadOnlyList<OptionReading> ReadingsOf(IReadOnlyList<string> questions) =>
            CalibrateJob.Read(chat, [.. questions.Select((q, i) => AskedQuestion.Of($"{i}", q, schema))], null, quiet);
    }

    /// <summary>The questions of Fin-Eva's files that none of the five intents fits.</summary>
    static List<(string File, string Text)> Rest(string folder, HashSet<string> labelled) =>
    [
        .. from path in Directory.GetFiles(folder, "fineva_*.csv").Order(StringComparer.Ordinal)
           let name = Path.GetFileNameWithoutExtension(path)
           from row in DataFile.Read(path)
           where !labelled.Contains($"{name}:{row.Needed("id")}")
           select (name, row.Needed("question")),
    ];
}

/// <summary>What one model said of all rows.</summary>
/// <param name="FinEva">Its questions that one of the five intents fits.</param>
/// <param name="FinEvaRest">The others.</param>
sealed record MeasuredReadings(
    IReadOnlyList<CalibrationRow> Validation, IReadOnlyList<CalibrationRow> Evaluation, IReadOnlyList<CalibrationRow> FinEva,
    IReadOnlyList<OptionReading> FinEvaRest)
{
    /// <summary>Our rows out of scope, by their file.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<OptionReading>> OutOfScope { get; init; }

    /// <summary>The file of each of the others.</summary>
    public required IReadOnlyList<string> FinEvaRestFiles { get; init; }

    public int? NoneOption { get; init; }

    /// <summary>Says that near rows are among the calibration's rows already.</summary>
    public bool IsNoneTrained { get; init; }

    public CalibrationSubject Subject => new("", [],
        IntentOptions.Lettered([.. Enumerable.Range(0, Validation[0].Reading.Logits.Length).Select(i => $"{i}")]), "") { NoneOption = NoneOption };
}

/// <summary>Prints how far a calibration can be trusted on rows that it was not made from.</summary>
static class TrustTable
{
    public static void Print(TextWriter console, string title, MeasuredReadings measured, IReadOnlyList<CalibrationRow> validation)
    {
        IReadOnlyList<OptionReading> further = measured.IsNoneTrained ? measured.OutOfScope["far_val"]
            : [.. measured.OutOfScope["near_val"], .. measured.OutOfScope["far_val"]];
        var calibration = IntentCalibration.Of(measured.Subject, validation, further, new());
        console.WriteLine($"\n## {title}");
        console.WriteLine(Invariant($"temperature {calibration.Fit.Scaling.Temperature:0.000}; score {calibration.OutOfScope!.Score.Kind}; cross-validated AUROC ") +
            string.Join(", ", calibration.OutOfScope.Candidates.Select(c => Invariant($"{c.Kind} {c.Separation.AreaUnderCurve:0.000}"))));
        Print(console, calibration, "our evaluation", measured.Evaluation);
        Print(console, calibration, "Fin-Eva", measured.FinEva);

        List<OptionReading> inside = [.. validation.Where(r => r.Gold != measured.NoneOption).Select(r => r.Reading)];
        List<OptionReading> outside = [.. validation.Where(r => r.Gold == measured.NoneOption).Select(r => r.Reading), .. further];
        List<CalibrationRow> own = [.. validation.Where(r => r.Gold != measured.NoneOption)];
        foreach (var kind in Enum.GetValues<OutOfScopeKind>())
        {
            if (OutOfScopeScore.Fit(kind, own, outside, measured.NoneOption) is not { } score) continue;
            console.WriteLine($"{kind,-14} AUROC / FPR at 95 % TPR: " + string.Join("; ",
                Text("far test", score, measured.Evaluation, measured.OutOfScope["far_test"]),
                Text("near test", score, measured.Evaluation, measured.OutOfScope["near_test"]),
                Text("Fin-Eva's rest against its five intents", score, measured.FinEva, measured.FinEvaRest)));
        }
        foreach (var (name, rows) in measured.OutOfScope.Where(o => o.Key.EndsWith("_test", StringComparison.Ordinal)).Append(new("Fin-Eva's rest", measured.FinEvaRest)))
            console.WriteLine(Invariant($"{name}: withheld {rows.Average(r => calibration.Apply(r).IsAbstained ? 1 : 0):p1} of {rows.Count}"));
    }

    static string Text(string name, OutOfScopeScore score, IReadOnlyList<CalibrationRow> inside, IReadOnlyList<OptionReading> outside)
    {
        var separation = Separation.Of([.. inside.Select(r => score.Of(r.Reading))], [.. outside.Select(score.Of)]);
        return Invariant($"{name} {separation.AreaUnderCurve:0.000} / {separation.FalseShare:p1}");
    }

    static void Print(TextWriter console, IntentCalibration calibration, string name, IReadOnlyList<CalibrationRow> rows)
    {
        var m = TrustMeasures.Of(calibration, rows);
        console.WriteLine(Invariant($"{name} ({rows.Count}): right {m.Accuracy:p1}; ECE {m.OwnError:0.0000} (if true {m.OwnExpected:0.0000}) -> ") +
            Invariant($"{m.Error:0.0000} (if true {m.Expected:0.0000}); log-loss {m.OwnLoss:0.0000} -> {m.Loss:0.0000}; ") +
            Invariant($"sets hold the right one {m.Coverage:p1}, mean size {m.SetSize:0.00}; AURC {m.Area:0.0000}; ") +
            Invariant($"accuracy at 80/90 % {m.At80:p1}/{m.At90:p1}; coverage at 95/98 % {m.For95:p1}/{m.For98:p1}; ") +
            Invariant($"passes as in scope {m.Passing:p1}"));
    }
}
