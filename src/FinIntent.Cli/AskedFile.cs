using System.Text.Json.Nodes;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>The questions of an evaluation, perhaps permuted, too, and where the answers go.</summary>
/// <param name="Path">The questions' file.</param>
/// <param name="PredictionsPath">Gone on with where a run with the same settings stopped.</param>
sealed record AskedFile(SettingsFile Settings, string Path, IReadOnlyList<EvaluationQuestion> Questions, PermutedQuestions? Permuted, string PredictionsPath)
{
    public string PermutationsPath => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(PredictionsPath)!, "permutations.jsonl");

    /// <summary>
    /// Asks the questions as they are, then in the other orders. The answers to the first stand among those to the second and are not asked for again, so
    /// that both agree.
    /// </summary>
    /// <param name="ask">Takes questions and, for the second, the answers that are known, by id.</param>
    public (IReadOnlyList<Prediction>, IReadOnlyList<Prediction>) Ask(
        Func<IReadOnlyList<EvaluationQuestion>, IReadOnlyDictionary<string, Prediction>?, IReadOnlyList<Prediction>> ask)
    {
        var predictions = ask(Questions, null);
        return (predictions, Permuted is null ? [] : ask(Permuted.All, Permuted.Known(predictions)));
    }

    /// <summary>What predictions with permuted options depend on: these inputs, the orders, and the predictions whose answers they share.</summary>
    public JsonObject IdentityOf(JsonObject inputs)
    {
        var identity = (JsonObject)inputs.DeepClone();
        identity["permutations"] = Settings.Inference.Permutations;
        if (Settings.Inference.Permutations is not (OptionOrders.Rotations or OptionOrders.All)) identity["permutations_seed"] = Settings.Train.Seed;
        identity["predictions_fingerprint"] = FileFingerprint.Of(PredictionsPath);
        return identity;
    }

    /// <summary>The answers that were asked for beside the predictions.</summary>
    public IEnumerable<Prediction> Further(IReadOnlyList<Prediction> inOrders) => inOrders.Where((_, i) => i % Permuted!.Orders.Count > 0);
}
