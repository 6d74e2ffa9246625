using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Data.Sources;

/// <summary>Reads real users' questions of Fin-Eva with our labels, for evaluation only.</summary>
/// <remarks>The labels (file, row, letter) are ours; the texts are in Fin-Eva's CSV files, found by their id. Its licence is CC BY 4.0,
/// https://github.com/alipay/financial_evaluation_dataset</remarks>
static class FinEva
{
    public const string LabelsFile = "fineva_labels.csv";

    /// <summary>Returns the folder of the CSV files, seen from the folder with the labels; null when they are in neither place.</summary>
    public static string? FindFolder(string dataFolder)
    {
        string[] folders = [Path.Combine(dataFolder, "fineva"), Path.Combine(dataFolder, "..", "..", "shared", "data")];
        return folders.FirstOrDefault(folder => Directory.Exists(folder) && Directory.GetFiles(folder, "fineva_*.csv").Length > 0);
    }

    /// <summary>Reads the labelled questions, in the labels' order, with the five intents as options; an id is "file:row".</summary>
    public static IReadOnlyList<EvaluationQuestion> Load(string labelsPath, string folder)
    {
        Dictionary<string, Dictionary<string, string>> texts = [];
        List<EvaluationQuestion> questions = [];
        foreach (var label in DataFile.Read(labelsPath))
        {
            var (file, id) = (label.Needed("file"), label.Needed("row"));
            if (!texts.TryGetValue(file, out var questionOf)) texts[file] = questionOf = Texts(Path.Combine(folder, file));
            if (!questionOf.TryGetValue(id, out var question))
                throw label.Error($"{Path.Combine(folder, file)} has no question with the id {id}");
            var letter = AnswerReading.Read(label.Needed("letter"), ReadingRule.Strict, IntentOptions.OpenFinData)
                ?? throw label.Error($"letter \"{label.Text("letter")}\" is none of A, B, C, D, E");
            var prompt = IntentPrompt.For(question, IntentOptions.OpenFinData);
            questions.Add(new($"{Path.GetFileNameWithoutExtension(file)}:{id}", question, prompt.Options, letter, prompt));
        }
        return questions;
    }

    static Dictionary<string, string> Texts(string path) =>
        DataFile.Read(path).ToDictionary(row => row.Needed("id"), row => row.Needed("question"));
}
