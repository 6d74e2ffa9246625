using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>Asks for a version of an adapter: PUT /v1/adapters/{name}.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record AdapterPut
{
    [Description("The name of a folder below --adapter-root.")]
    public required string Version { get; init; }
}

/// <summary>Intents that a model tells apart.</summary>
/// <param name="Calibration">The id of the calibration of its answers; null where there is none.</param>
sealed record IntentSetWire(string Name, IReadOnlyList<string> Intents, string? Calibration);

/// <summary>An adapter that is served.</summary>
sealed record AdapterWire
{
    public required string Name { get; init; }

    [Description("The first digits of the digest.")]
    public required string Version { get; init; }

    [Description("The SHA-256 of what answers: weights, configuration, label sets and calibration.")]
    public required string Digest { get; init; }

    [Description("The model that it stands on.")]
    public required string Parent { get; init; }

    [Description("The last part of the folder that it was loaded from.")]
    public required string Folder { get; init; }
    public DateTimeOffset Loaded { get; init; }
    public required IReadOnlyList<IntentSetWire> IntentSets { get; init; }

    [Description("The version that it has replaced; null where it is new.")]
    public string? Replaced { get; init; }
}

sealed record AdapterList(IReadOnlyList<AdapterWire> Data);
