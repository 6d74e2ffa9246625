using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

/// <summary>How a model's choice is found.</summary>
enum Scoring
{
    /// <summary>By the probabilities of the options' labels: one forward a question.</summary>
    Options,

    /// <summary>By letting it write its answer.</summary>
    Generate,

    Both,
}

/// <summary>Ours: what `finintent inference` asks and what `finintent eval` measures.</summary>
sealed record InferenceSettings
{
    /// <summary>One question to answer.</summary>
    public string? Question { get; init; }

    /// <summary>A file of questions: .txt with one a line, or .json/.jsonl rows (Alpaca, OpenFinData, or {"question": …}).</summary>
    public string? Questions { get; init; }

    /// <summary>The file for their answers; null: answers.jsonl in output_dir if that is given, else beside the questions.</summary>
    public string? Answers { get; init; }

    /// <summary>Questions are put into the instruction that models are trained with: intent_schema's, else OpenFinData's.</summary>
    public bool IntentPrompt { get; init; }

    /// <summary>A file of intents (docs/intents.md), for intent_prompt and for evaluation rows that do not list their options.</summary>
    public string? IntentSchema { get; init; }

    /// <summary>Texts that end an answer, besides the template's end tokens.</summary>
    public IReadOnlyList<string> StopWords { get; init; } = [];

    /// <summary>True: another template or base model than the adapter was trained with is meant.</summary>
    public bool Force { get; init; }

    /// <summary>The questions to evaluate on: an Alpaca or OpenFinData file, or with intent_schema rows {"question", "gold"}.</summary>
    public string? EvalFile { get; init; }

    /// <summary>Adapters that are each evaluated by itself, in place of the last of adapter_name_or_path; see eval_seeds.</summary>
    public IReadOnlyList<string> EvalAdapters { get; init; } = [];

    /// <summary>Seeds of sampled answers, an evaluation each; the spread of their scores is reported.</summary>
    public IReadOnlyList<int> EvalSeeds { get; init; } = [];

    public Scoring Scoring { get; init; } = Scoring.Both;

    /// <summary>Tokens of questions scored at once, what they share counted once; null: 4096, on a GPU 16384.</summary>
    [Range(1, int.MaxValue)] public int? ScoringTokens { get; init; }

    /// <summary>Each question is asked also with its options in other orders: rotations, all, or a number of them; null: no.</summary>
    public string? Permutations { get; init; }
}
