using Xunit;

namespace FinIntent.Tests;

/// <summary>
/// Torch's random generator is one for the process: training seeds it, dropout and tests draw from it. Tests that do either run one after
/// the other, beside
/// all tests that do not.
/// </summary>
[CollectionDefinition(Name)]
public sealed class TorchRandomCollection
{
    public const string Name = "torch's random generator";
}

/// <summary>Tests that measure memory or time run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuringCollection
{
    public const string Name = "measuring";
}
