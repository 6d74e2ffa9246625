using System.Diagnostics;
using System.Globalization;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Cli;

/// <summary>The main job on what ships with the project: score the base, train LoRA, export, score the tuned model.</summary>
sealed class Demo(string root, string output, TextWriter console)
{
    const string Template = "default";
    const long ShardBytes = 5_000_000_000;

    sealed record QuestionSet(string Key, string Name, IReadOnlyList<EvaluationQuestion> Questions);

    readonly List<(string Step, TimeSpan Time)> _times = [];

    string Base => Path.Combine(root, "models", "finintent-8m");

    string Adapter => Path.Combine(output, "lora");

    string Tuned => Path.Combine(output, "model");

    public void Run()
    {
        var sets = QuestionSets();
        var before = Timed("score the base model", () => sets.Select(set => Score("base", Base, set)).ToList());
        Timed("train LoRA on 500 rows", Train);
        Timed("export and verify", Export);
        var after = Timed("score the tuned model", () => sets.Select(set => Score("tuned", Tuned, set)).ToList());

        foreach (var (i, set) in sets.Index())
        {
            var report = Comparison.Of([before[i], after[i]]);
            console.WriteLine($"\n{set.Name} ({set.Questions.Count} questions)");
            console.Write(ReportText.Short(report, Language.English));
            ReportWriter.Write(Path.Combine(output, $"report_{set.Key}"), report, Language.Chinese);
            Optional.Try("the confusion pictures", () =>
            {
                foreach (var model in report.Models)
                    ConfusionPlot.Write(Path.Combine(output, $"confusion_{model.Name}_{set.Key}.png"), model.Name, model.Main.Matrix);
            }, Console.Error.WriteLine);
        }
        console.WriteLine();
        console.WriteLine(string.Join(", ", _times.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Step} {t.Time.TotalSeconds:f1} s"))));
        console.WriteLine($"""

            Files: {output}
              model/                   the merged model, a Hugging Face folder
              lora/                    the adapter in PEFT's format, training_loss.png, trainer_log.jsonl
              predictions_*.jsonl      every question with the probabilities of its options
              report_eval/report.html  base and tuned side by side; also as report.md
              confusion_*.png
            Next:
              finintent inference {Path.Combine("config", "demo", "inference.yaml")} model_name_or_path={Tuned} adapter_name_or_path= intent_prompt=true question="..."
              finintent train YOUR.yaml    your LLaMA-Factory file, a local model folder, data/dataset_info.json (README, docs/train.md)
            """);
    }

    List<QuestionSet> QuestionSets()
    {
        var data = Path.Combine(root, "data");
        List<QuestionSet> sets = [new("eval", "our evaluation rows", QuestionFile.Load(Path.Combine(data, "intent_eval.json")))];
        if (FinEva.FindFolder(data) is { } folder) sets.Add(new("fineva", "real users, Fin-Eva", FinEva.Load(Path.Combine(data, FinEva.LabelsFile), folder)));
        return sets;
    }

    PredictionSet Score(string name, string model, QuestionSet set)
    {
        var file = Path.Combine(output, $"predictions_{name}_{set.Key}.jsonl");
        var options = new RunOptions(name, file, new(SamplingOptions.Greedy, 1)) { Overwrite = true };
        return new(name, file, EvaluationRun.Predict(
            () => ChatModel.Load(new(model, []) { Template = Template }), set.Questions, Scoring.Options, options));
    }

    void Train()
    {
        var file = Path.Combine(root, "config", "demo", "lora.yaml");
        var settings = SettingsFile.Load(file, [$"model_name_or_path={Base}", $"dataset_dir={Path.Combine(root, "data")}", $"output_dir={Adapter}"]);
        TrainProgress.Show(progress => TrainingJob.Run(settings, TrainProgress.Tell, progress));
    }

    void Export()
    {
        var report = ModelExport.Run(new(Base, [Adapter], Tuned, ShardBytes) { Template = Template });
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"merged model against adapter on base: largest difference of logits {report.LargestDifference:g3} (allowed {report.Allowed:g3})"));
    }

    T Timed<T>(string step, Func<T> work)
    {
        console.WriteLine($"== {step}");
        var clock = Stopwatch.StartNew();
        var result = work();
        _times.Add((step, clock.Elapsed));
        return result;
    }

    void Timed(string step, Action work) => Timed(step, () =>
    {
        work();
        return true;
    });
}
