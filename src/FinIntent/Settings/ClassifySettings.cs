using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

/// <summary>Ours: what `finintent classify` reads and writes.</summary>
sealed record ClassifySettings
{
    /// <summary>One text to classify.</summary>
    public string? Text { get; init; }

    /// <summary>The table of texts: a .csv, .tsv, .json, .jsonl, .parquet or .txt file, a folder of such files, or -: JSON lines on
    /// standard input.</summary>
    public string? Input { get; init; }

    /// <summary>The table with the intents: .csv, .tsv, .json, .jsonl or .parquet; - or null: JSON lines on standard output.</summary>
    public string? Output { get; init; }

    /// <summary>The column with the texts; null: text or question, whichever there is.</summary>
    public string? TextColumn { get; init; }

    /// <summary>The intent set to choose from, where the model knows several; null: the first.</summary>
    public string? IntentSet { get; init; }

    /// <summary>True: every intent's probability is a column, too.</summary>
    public bool AllProbabilities { get; init; }

    /// <summary>Stands before the names of the added columns, for tables that have such columns already.</summary>
    public string OutputPrefix { get; init; } = "";

    /// <summary>Megabytes for answers that are kept, so that equal texts are scored once.</summary>
    [Range(1, int.MaxValue)] public int CacheMb { get; init; } = 256;
}
