using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Evaluation.Reports;
using FinIntent.Settings;

namespace FinIntent.Jobs.Demo;

/// <summary>Questions that the demo scores a model on.</summary>
/// <param name="Key">It stands in the names of files.</param>
sealed record DemoExam(string Key, Bilingual Name, Exam Exam);

/// <summary>A label set with a recipe: what the demo trains a model on, and what it scores the model on before and after.</summary>
/// <param name="Recipe">The settings file of the training.</param>
/// <param name="Rows">The file of the training rows, from which characters are counted, too.</param>
/// <param name="Folder">The adapter and the merged model are written here.</param>
sealed record DemoTask(Bilingual Name, string Recipe, string Rows, string Folder, IReadOnlyList<DemoExam> Exams)
{
    public string Adapter => Path.Combine(Folder, "lora");

    public string Tuned => Path.Combine(Folder, "model");

    /// <summary>Ten desks of a financial group, answered by their names: the base was never taught these labels.</summary>
    public static DemoTask Desks(string root, string output)
    {
        var data = Path.Combine(root, "data", "service");
        return new(("模型没学过的标签：金融集团的十个部门", "labels that the base was never taught: ten desks of a financial group"),
            Path.Combine(root, "config", "demo", "service.yaml"), Path.Combine(data, "few.json"), Path.Combine(output, "service"),
            [Own("service", ("十个部门，客户的问题", "ten desks, customers' questions"), Path.Combine(data, "eval.json"))]);
    }

    /// <summary>The five intents of the original project, whose topics the base was taught.</summary>
    public static DemoTask Intents(string root, string output)
    {
        var data = Path.Combine(root, "data");
        List<DemoExam> exams = [Own("eval", ("五类意图，自写的评测题", "five intents, our evaluation rows"), Path.Combine(data, "intent_eval.json"))];
        if (FinEva.FindFolder(data) is { } folder)
        {
            var labels = Path.Combine(data, FinEva.LabelsFile);
            var questions = new Exam(labels, FinEva.Load(labels, folder)) { IsFileOfQuestions = false };
            exams.Add(new("fineva", ("五类意图，真实用户，Fin-Eva", "five intents, real users, Fin-Eva"), questions));
        }
        return new(("模型学过的主题：五类意图", "topics that the base was taught: five intents"),
            Path.Combine(root, "config", "demo", "lora.yaml"), Path.Combine(data, "intent_train.json"), output, exams);
    }

    /// <summary>The recipe's settings for a model, with some replaced.</summary>
    public SettingsFile With(string model, params string[] more) => SettingsFile.Load(Recipe,
    [
        $"model_name_or_path={model}", $"dataset_dir={Path.GetDirectoryName(Rows)}", $"leak_check_files={Exams[0].Exam.File}", .. more,
    ]);

    static DemoExam Own(string key, Bilingual name, string file) => new(key, name, new(file, QuestionFile.Load(file)));
}
