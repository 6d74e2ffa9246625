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

    /// <summary>Topics that neither training nor calibration has (data/oos/README.md).</summary>
    static readonly string[] NewTopics = ["crypto", "macro", "trust", "accounting", "career", "payment"];

    static readonly (string Name, string File, Func<string, bool> Takes)[] OutOfScopeFiles =
    [
        ("far_val", "far_val.csv", _ => true), ("near_val", "near_val.csv", _ => true), ("far_test", "far_test.csv", _ => true),
        ("near_test", "near_test.csv", _ => true), ("near_test of new topics", "near_test.csv", NewTopics.Contains),
    ];

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
        var folder = FinEva.FindFolder(Data)
            ?? throw new UserErrorException("Fin-Eva's files are not there; data/README.md tells where to put them");
        var labels = Path.Combine(Data, FinEva.LabelsFile);
        var labelled = FinEva.Load(labels, folder);
        var rest = Rest(folder, [.. labelled.Select(q => q.Id)]);
        return new(Rows("intent_val.json"), Rows("intent_eval.json"),
            Ask([.. labelled.Select(q => (q.Question, q.Gold))]), ReadingsOf(rest))
        {
            OutOfScope = OutOfScopeFiles.ToDictionary(f => f.Name, f => ReadingsOf(
                [.. DataFile.Read(Path.Combine(Data, "oos", f.File)).Where(row => f.Takes(row.Needed("kind")))
                    .Select(row => row.Needed("question"))])),
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
    static List<string> Rest(string folder, HashSet<string> labelled) =>
    [
        .. from path in Directory.GetFiles(folder, "fineva_*.csv").Order(StringComparer.Ordinal)
           let name = Path.GetFileNameWithoutExtension(path)
           from row in DataFile.Read(path)
           where !labelled.Contains($"{name}:{row.Needed("id")}")
           select row.Needed("question"),
    ];
}
