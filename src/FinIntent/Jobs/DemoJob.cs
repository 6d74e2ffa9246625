using System.Diagnostics;
using System.Globalization;
using FinIntent.Data.Sources;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>`finintent demo`: on what ships with the project, it scores the base, trains LoRA, exports, and scores the tuned model.</summary>
/// <param name="root">The project's folder.</param>
/// <param name="output">The folder for what is written.</param>
sealed class DemoJob(string root, string output, Surroundings here)
{
    sealed record QuestionSet(string Key, string Name, Exam Exam);

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
            here.Output.WriteLine($"\n{set.Name} ({set.Exam.Questions.Count} questions)");
            here.Output.Write(ReportText.Short(report, here.Languages.Text));
            ReportWriter.Write(Path.Combine(output, $"report_{set.Key}"), report, here.Languages.Reports);
            Optional.Try("the confusion pictures", () =>
            {
                foreach (var model in report.Models)
                    ConfusionPlot.Write(Path.Combine(output, $"confusion_{model.Name}_{set.Key}.png"), model.Name, model.Main.Matrix);
            }, here.Tell);
        }
        here.Output.WriteLine();
        here.Output.WriteLine(string.Join(", ", _times.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Step} {t.Time.TotalSeconds:f1} s"))));
        here.Output.WriteLine($"""

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
        List<QuestionSet> sets = [new("eval", "our evaluation rows", Exam.Of(With(Base, $"eval_file={Path.Combine(data, "intent_eval.json")}")))];
        if (FinEva.FindFolder(data) is { } folder)
        {
            var labels = Path.Combine(data, FinEva.LabelsFile);
            sets.Add(new("fineva", "real users, Fin-Eva", new(labels, FinEva.Load(labels, folder)) { IsFileOfQuestions = false }));
        }
        return sets;
    }

    PredictionSet Score(string name, string model, QuestionSet set)
    {
        var settings = With(model, $"run_name={name}", "scoring=options", "overwrite_output_dir=true");
        var file = Path.Combine(output, $"predictions_{name}_{set.Key}.jsonl");
        return ScoreJob.Score(Prepared.Of(settings, Need.Model, here), set.Exam, file, here with { Error = TextWriter.Null });
    }

    void Train() => TrainJob.Run(With(Base, $"dataset_dir={Path.Combine(root, "data")}", $"output_dir={Adapter}"), here);

    void Export()
    {
        var report = ExportJob.Run(With(Base, $"adapter_name_or_path={Adapter}", $"export_dir={Tuned}"), here);
        here.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"merged model against adapter on base: largest difference of logits {report.LargestDifference:g3} (allowed {report.Allowed:g3})"));
    }

    /// <summary>The demo's settings for a model, with some replaced.</summary>
    SettingsFile With(string model, params string[] more) =>
        SettingsFile.Load(Path.Combine(root, "config", "demo", "lora.yaml"), [$"model_name_or_path={model}", .. more]);

    T Timed<T>(string step, Func<T> work)
    {
        here.Output.WriteLine($"== {step}");
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
