using FinIntent.Evaluation;
using FinIntent.Settings;

namespace FinIntent.Jobs.Studies;

/// <summary>Scores a study's model: on the questions, and where the study asks for it, on the questions in other orders.</summary>
sealed class ScoreSteps
{
    readonly Exam _exam;
    readonly SettingsFile _settings;
    readonly StudyStep _plain;
    readonly StudyStep? _permuted;

    /// <param name="inputs">All that the answers depend on.</param>
    public ScoreSteps(Exam exam, string predictions, JsonObject inputs, SettingsFile settings)
    {
        (_exam, _settings, Predictions, _plain) = (exam, settings, predictions, new(predictions, inputs));
        if (exam.Permuted is null) return;
        _permuted = new(Exam.PermutationsOf(predictions), new()
        {
            ["scored"] = _plain.Digest,
            ["permutations"] = settings.Inference.Permutations,
            ["seed"] = settings.Train.Seed,
        });
    }

    /// <summary>The file of the answers.</summary>
    public string Predictions { get; }

    public bool AreThere => _plain.IsThere && _permuted?.IsThere != false;

    /// <param name="score">It asks for the answers that are not in the files, and returns false when it stopped.</param>
    public bool Do(Func<bool> score)
    {
        if (_permuted is null) return _plain.Do(score);
        return _permuted.Do(() => _plain.IsThere ? score() : _plain.Do(score));
    }

    public PredictionSet Read()
    {
        IReadOnlyList<Prediction> inOrders = _permuted is null ? [] : PredictionFile.Read(_permuted.Result);
        return ScoreJob.WithTotals(PredictionSet.Read(Predictions), _exam, inOrders, _settings);
    }
}
