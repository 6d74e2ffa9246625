using System.Text.Json.Serialization;

namespace FinIntent.Text;

/// <summary>One row as the model reads it. Labels has a label for each token, <see cref="IgnoredLabel"/> where nothing is learnt.</summary>
sealed record TokenRow(int[] InputIds, int[] Labels)
{
    public const int IgnoredLabel = -100;

    /// <summary>How many tokens the row lost when it was cut to the most that it may have.</summary>
    [JsonIgnore]
    public int CutTokens { get; init; }
}
