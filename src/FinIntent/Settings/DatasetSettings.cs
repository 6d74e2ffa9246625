using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum MixStrategy { Concat }

/// <summary>The rows and how they become tokens.</summary>
sealed record DatasetSettings
{
    /// <summary>Name of the chat template; null: the one the model's tokenizer configuration implies.</summary>
    public string? Template { get; init; }

    /// <summary>Names in dataset_info.json of dataset_dir; with dataset_dir: ONLINE, names on the hub.</summary>
    public IReadOnlyList<string> Dataset { get; init; } = [];

    public IReadOnlyList<string> EvalDataset { get; init; } = [];
    public string DatasetDir { get; init; } = "data";

    /// <summary>The most tokens of a row; a longer one is cut.</summary>
    [Range(1, int.MaxValue)] public int CutoffLen { get; init; } = 2048;

    /// <summary>True: prompts are labels, too.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>True: only the last answer of a conversation is a label.</summary>
    public bool MaskHistory { get; init; }

    public MixStrategy MixStrategy { get; init; }

    /// <summary>Rows taken of each data set, from its beginning; null: all.</summary>
    [Range(1, int.MaxValue)] public int? MaxSamples { get; init; }

    /// <summary>Rows kept for validation: below 1 a share, else a count.</summary>
    [Range(0, double.MaxValue)] public double ValSize { get; init; }

    /// <summary>True: rows are grouped to nearly fill cutoff_len, and a group counts as one row of a batch (neat_packing).</summary>
    /// <remarks>Rows of a group never see each other. Null: on for stage pt, whose texts are laid end to end, then cut.</remarks>
    public bool? Packing { get; init; }

    /// <summary>The same as packing here.</summary>
    public bool NeatPacking { get; init; }

    /// <summary>The system text of rows that have none, in place of the template's.</summary>
    public string? DefaultSystem { get; init; }

    /// <summary>True: a template of reasoning models (qwen3) teaches and expects a thought before each answer.</summary>
    /// <remarks>False, unlike LLaMA-Factory: the prompt ends in an empty thought, and only the answer is taught.</remarks>
    public bool EnableThinking { get; init; }

    /// <summary>True: encoded rows that were kept are made anew.</summary>
    public bool OverwriteCache { get; init; }

    /// <summary>A JSONL file of rows {"input_ids": [...], "labels": [...]}: read if it is there, else written.</summary>
    public string? TokenizedPath { get; init; }

    /// <summary>Ours: files of evaluation questions that no training row may repeat; eval_dataset is compared with in any case.</summary>
    public IReadOnlyList<string> LeakCheckFiles { get; init; } = [];

    /// <summary>Ours; true: training rows that repeat evaluation questions are told and not refused.</summary>
    public bool AllowLeak { get; init; }
}
