using FinIntent.Classification;
using FinIntent.Lora;

namespace FinIntent.Server.Serving;

/// <summary>Is what answers under a name, in one version: the model as loaded, or an adapter upon it.</summary>
/// <param name="Name">The name that requests choose it by.</param>
/// <param name="Digest">The SHA-256 of weights, configuration, label sets and calibration, in hexadecimal digits.</param>
/// <param name="Taught">What it was taught besides weights; null where the model was taught no intents.</param>
/// <param name="Folder">Where it was loaded from.</param>
sealed record ServedVersion(string Name, string Digest, TaughtIntents? Taught, string Folder)
{
    const int ShortDigits = 12;

    /// <summary>The name of the model that an adapter stands on; null for the model itself.</summary>
    public string? Parent { get; init; }

    /// <summary>An adapter's factors; null where the model answers as it was loaded.</summary>
    public AdapterWeights? Weights { get; init; }
    public DateTimeOffset Loaded { get; init; } = DateTimeOffset.UtcNow;

    /// <summary>The ids of calibrations, by label set.</summary>
    public IReadOnlyDictionary<string, string> CalibrationIds { get; init; } = new Dictionary<string, string>();

    /// <summary>The first digits of the digest, which tell versions apart.</summary>
    public string Version => Digest[..ShortDigits];

    /// <summary>name@version.</summary>
    public string Id => $"{Name}@{Version}";
}
