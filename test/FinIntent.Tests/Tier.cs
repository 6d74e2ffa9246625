using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests;

/// <summary>
/// The only place that skips a test. Three tiers may skip where a machine lacks what they need, and a test that asks must bear the tier's
/// trait: "gpu" needs a CUDA device, "shared" the folder ../shared, and "demand" another program or a processor's instructions.
/// </summary>
static class Tier
{
    public const string Name = "tier", Gpu = "gpu", Shared = "shared", Demand = "demand";

    public static void NeedsGpu() => Needs(Gpu, LibTorch.HasCuda, "no CUDA device");

    /// <summary>A test that takes minutes or another program is run on demand.</summary>
    public static void NeedsOnDemand(bool isHere, string reason) => Needs(Demand, isHere, reason);

    /// <summary>A test with the trait "demand" may ask for another tier's things, too.</summary>
    public static void Needs(string tier, bool isHere, string reason)
    {
        var test = TestContext.Current.Test ?? throw new InvalidOperationException($"tier \"{tier}\" was asked for outside a test");
        var tiers = test.Traits.TryGetValue(Name, out var named) ? named : [];
        Assert.True(tiers.Contains(tier) || tiers.Contains(Demand),
            $"{test.TestDisplayName} needs what is not on every machine: give it [Trait(\"tier\", \"{tier}\")]");
        Assert.SkipUnless(isHere, reason);
    }
}
