using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;

namespace FinIntent.Jobs.Demo;

/// <summary>
/// `finintent demo`: scores the base, trains LoRA, exports, and scores the tuned model, on what ships with the project; once with labels
/// that the base was never taught, and once with topics that it knows.
/// </summary>
/// <param name="root">The project's folder.</param>
/// <param name="output">The folder for adapters, models, predictions and reports.</param>
sealed class DemoJob(string root, string output, Surroundings here)
{
    readonly List<(string Step, TimeSpan Time)> _times = [];

    string Base => Path.Combine(root, "models", "finintent-8m");

    public void Run()
    {
        List<(DemoExam Exam, Comparison Report)> results = [];
        foreach (var task in (DemoTask[])[DemoTask.Desks(root, output), DemoTask.Intents(root, output)]) results.AddRange(Run(task));
        foreach (var (exam, report) in results)
        {
            here.Output.WriteLine($"\n{Say(exam.Name)} ({exam.Exam.Questions.Count} {Say(("题", "questions"))})");
            here.Output.Write(ReportText.Short(report, here.Languages.Text));
        }
        here.Output.WriteLine(
            $"\n{string.Join(", ", _times.Select(t => FormattableString.Invariant($"{t.Step} {t.Time.TotalSeconds:f1} s")))}");
        here.Output.WriteLine(Say(WhatIsThere));
    }

    List<(DemoExam, Comparison)> Run(DemoTask task)
    {
        here.Output.WriteLine($"\n=== {Say(task.Name)}");
        List<PredictionSet> ScoreAll(string name, string model) => [.. task.Exams.Select(exam => Score(name, model, task, exam))];
        var before = Timed(("给基座打分", "score the base model"), () => ScoreAll("base", Base));
        var rows = QuestionFile.LoadLabelled(task.Rows, null).Count;
        Timed(($"用 {rows} 行训练 LoRA", $"train LoRA on {rows} rows"), () =>
            TrainJob.Run(task.With(Base, $"output_dir={task.Adapter}"), here));
        Timed(("导出并核对", "export and verify"), () =>
            ExportJob.Run(task.With(Base, $"adapter_name_or_path={task.Adapter}", $"export_dir={task.Tuned}"), here));
        var after = Timed(("给微调后的模型打分", "score the tuned model"), () => ScoreAll("tuned", task.Tuned));
        return [.. task.Exams.Select((exam, i) => (exam, Report(task, exam, before[i], after[i])))];
    }

    PredictionSet Score(string name, string model, DemoTask task, DemoExam exam)
    {
        var settings = task.With(model, $"run_name={name}", "scoring=options", "overwrite_output_dir=true");
        var quiet = here with { Error = TextWriter.Null };
        return ScoreJob.Score(Prepared.Of(settings, Need.Model, here), exam.Exam, Predictions(name, exam), quiet);
    }

    /// <summary>The counted baseline, the base and the tuned model side by side; the tuned model is held against both others.</summary>
    Comparison Report(DemoTask task, DemoExam exam, PredictionSet before, PredictionSet after)
    {
        var counted = CountedCharacters.Score(task.Rows, exam.Exam, Predictions("counted", exam));
        var report = Comparison.Of([counted, before, after], [(1, 2), (0, 2)]);
        ReportWriter.Write(Path.Combine(output, $"report_{exam.Key}"), report, here.Languages.Reports);
        Optional.Try("the confusion pictures", () =>
        {
            foreach (var model in report.Models)
            {
                var file = $"confusion_{model.Name.Replace(' ', '_')}_{exam.Key}.png";
                ConfusionPlot.Write(Path.Combine(output, file), model.Name, model.Main.Matrix);
            }
        }, here.Tell);
        return report;
    }

    string Predictions(string name, DemoExam exam) => Path.Combine(output, $"predictions_{name}_{exam.Key}.jsonl");

    void Timed(Bilingual step, Action work) => Timed(step, () =>
    {
        work();
        return true;
    });

    T Timed<T>(Bilingual step, Func<T> work)
    {
        here.Output.WriteLine($"== {Say(step)}");
        var clock = Stopwatch.StartNew();
        var result = work();
        _times.Add((Say(step), clock.Elapsed));
        return result;
    }

    string Say(Bilingual words) => words.In(here.Languages.Text);

    Bilingual WhatIsThere
    {
        get
        {
            var model = Path.Combine(output, "model");
            var ask = $"finintent classify --model {model} \"...\"";
            return ($"""

                文件：{output}
                  model/、service/model/     合并后的模型，Hugging Face 文件夹
                  lora/、service/lora/       PEFT 格式的适配器、training_loss.png、trainer_log.jsonl
                  predictions_*.jsonl        每题与各选项的概率
                  report_*/report.html       几个模型并排；另有 report.md
                  confusion_*.png            混淆矩阵
                接下来：
                  {ask}
                  finintent serve --model {model}      同一个模型，用 HTTP 回答（docs/serve.md）
                  finintent init cards --intents "挂失,充值,退款"   自己的意图（docs/intents.md）
                  finintent train YOUR.yaml                        您的 LLaMA-Factory 文件（docs/train.md）
                """, $"""

                Files: {output}
                  model/, service/model/     the merged models, Hugging Face folders
                  lora/, service/lora/       the adapters in PEFT's format, training_loss.png, trainer_log.jsonl
                  predictions_*.jsonl        every question with the probabilities of its options
                  report_*/report.html       the models side by side; also as report.md
                  confusion_*.png            confusion matrices
                Next:
                  {ask}
                  finintent serve --model {model}      the same over HTTP (docs/serve.md)
                  finintent init cards --language en --intents "lost card,top up,refund"   intents of your own (docs/intents.md)
                  finintent train YOUR.yaml                        your LLaMA-Factory file (docs/train.md)
                """);
        }
    }
}
