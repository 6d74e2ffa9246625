using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Holds the questions of an evaluation: as their file has them, and perhaps with their options in other orders.</summary>
/// <param name="File">The file that the questions are from.</param>
/// <param name="Permuted">The questions in all orders; null means that they are asked in their own order only.</param>
sealed record Exam(string File, IReadOnlyList<EvaluationQuestion> Questions, PermutedQuestions? Permuted = null)
{
    /// <summary>Says whether the file has the questions' texts; else it has labels alone, and the texts are elsewhere.</summary>
    public bool IsFileOfQuestions { get; init; } = true;

    /// <summary>Reads the questions of eval_file, in the words of intent_schema.</summary>
    /// <param name="warn">It is told of rows without a question or answer, which are left out.</param>
    /// <exception cref="UserErrorException">The key is missing, or the file is none that the settings can be evaluated on.</exception>
    public static Exam Of(SettingsFile settings, Action<string>? warn = null)
    {
        var file = FileOf(settings);
        var questions = QuestionFile.Load(file, new Prepared(settings).LoadSchema(), warn);
        var orders = settings.Inference.Permutations;
        return new(file, questions, orders is null ? null : PermutedQuestions.Of(questions, orders, settings.Train.Seed));
    }

    public static string FileOf(SettingsFile settings) => settings.Inference.EvalFile
        ?? throw new UserErrorException($"{settings.Path}: eval_file is missing; name a file of questions with known answers");

    /// <summary>Returns the file for the answers in other orders, which is beside the file of the predictions.</summary>
    public static string PermutationsOf(string predictions) => Path.Combine(Path.GetDirectoryName(predictions)!, "permutations.jsonl");

    /// <summary>Returns the run of the questions in other orders, which depends on the run whose answers it shares.</summary>
    public static PredictionRun PermutedRunOf(PredictionRun run, SettingsFile settings)
    {
        var (identity, orders) = ((JsonObject)run.Identity.DeepClone(), settings.Inference.Permutations);
        identity["permutations"] = orders;
        if (orders is not (OptionOrders.Rotations or OptionOrders.All)) identity["permutations_seed"] = settings.Train.Seed;
        identity["predictions_fingerprint"] = FileFingerprint.Of(run.File);
        return run with { File = PermutationsOf(run.File), Identity = identity };
    }
}
