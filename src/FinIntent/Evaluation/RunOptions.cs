using System.Text.Json.Nodes;
using FinIntent.Generation;

namespace FinIntent.Evaluation;

/// <summary>How a model is asked a list of questions and where its predictions go.</summary>
/// <param name="Name">What the model is called in predictions and reports.</param>
/// <param name="File">The predictions file.</param>
public sealed record RunOptions(string Name, string File, AnswerOptions Answers)
{
    /// <summary>Answers that are written at once.</summary>
    public int AnswersAtOnce { get; init; } = 8;

    /// <summary>Question i draws with the seed Seed + i.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Start anew where a run already is.</summary>
    public bool Overwrite { get; init; }

    /// <summary>What else the predictions depend on: the weights, the template, the questions.</summary>
    public JsonObject Inputs { get; init; } = [];

    /// <summary>Everything the predictions depend on. Only a run with the same goes on with a file.</summary>
    internal JsonObject Identity(string scoring, bool writesAnswers)
    {
        var run = (JsonObject)Inputs.DeepClone();
        run["model"] = Name;
        run["scoring"] = scoring;
        if (!writesAnswers) return run;
        var sampling = Answers.Sampling;
        run["sampling"] = sampling.DoSample ? sampling.ToString() : $"greedy, repetition penalty {sampling.RepetitionPenalty}";
        run["max_new_tokens"] = Answers.MaxNewTokens;
        run["max_length"] = Answers.MaxLength;
        run["stop_words"] = new JsonArray([.. Answers.StopWords.Select(w => (JsonNode)w)]);
        run["skip_special_tokens"] = Answers.SkipSpecialTokens;
        run["answers_at_once"] = AnswersAtOnce;
        if (sampling.DoSample) run["seed"] = Seed;
        return run;
    }
}
