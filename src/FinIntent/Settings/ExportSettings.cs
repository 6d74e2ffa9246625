using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

/// <summary>Writing a merged model.</summary>
sealed record ExportSettings
{
    public string? ExportDir { get; init; }

    /// <summary>GB a shard at most.</summary>
    [Range(1, int.MaxValue)]
    public int ExportSize { get; init; } = 5;
}
