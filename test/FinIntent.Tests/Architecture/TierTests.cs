using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace FinIntent.Tests.Architecture;

/// <summary>A test either runs everywhere or bears the trait of one of three tiers: what a fresh clone skips is known by name.</summary>
public sealed partial class TierTests
{
    static readonly string[] Tiers = [Tier.Gpu, Tier.Shared, Tier.Demand];

    static string Tests => Path.Combine(Reference.Root, "test", "FinIntent.Tests");

    [Fact]
    public void Only_Tier_skips_a_test() => Assert.Empty(Places(Skipping()).Except([("Tier.cs", "SkipUnless(")]));

    [Fact]
    public void Only_Reference_knows_where_the_shared_files_are() => Assert.Empty(Places(SharedFolder()).Except([("Reference.cs", "\"shared\""), ("Tier.cs", "\"shared\"")]));

    [Fact]
    public void Every_tier_is_one_of_the_three()
    {
        var named = Methods().SelectMany(method => TiersOf(method).Select(tier => (method.DeclaringType!.Name, method.Name, tier))).ToList();

        Assert.NotEmpty(named);
        Assert.Empty(named.Where(test => !Tiers.Contains(test.tier)));
    }

    [Fact]
    public void A_test_that_is_run_only_when_asked_is_of_the_tier_demand() =>
        Assert.Empty(Methods().Where(method => FactOf(method)!.Explicit && !TiersOf(method).Contains(Tier.Demand)).Select(method => method.Name));

    [Fact]
    public void A_test_without_a_tier_that_asks_for_one_fails_where_the_thing_is_there_and_where_it_is_not()
    {
        foreach (var isHere in new[] { true, false })
            Assert.Contains("[Trait(\"tier\", \"shared\")]", Assert.ThrowsAny<XunitException>(() => Tier.Needs(Tier.Shared, isHere, "not there")).Message);
    }

    static IEnumerable<MethodInfo> Methods() => typeof(TierTests).Assembly.GetTypes().Where(type => !type.IsAbstract)
        .SelectMany(type => type.GetMethods()).Where(method => FactOf(method) is not null);

    static IFactAttribute? FactOf(MethodInfo method) => method.GetCustomAttributes().OfType<IFactAttribute>().FirstOrDefault();

    static IEnumerable<string> TiersOf(MethodInfo method) => method.GetCustomAttributes().Concat(method.ReflectedType!.GetCustomAttributes())
        .OfType<ITraitAttribute>().SelectMany(trait => trait.GetTraits()).Where(trait => trait.Key == Tier.Name).Select(trait => trait.Value);

    /// <summary>Where a pattern is found in the tests' sources, this file left out.</summary>
    static IEnumerable<(string File, string Text)> Places(Regex pattern) => Directory.EnumerateFiles(Tests, "*.cs", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) != "TierTests.cs")
        .SelectMany(file => pattern.Matches(File.ReadAllText(file)).Select(match => (Path.GetRelativePath(Tests, file), match.Value)));

    /// <summary>Assert's three ways and the attributes' four; Skip( alone is LINQ's.</summary>
    [GeneratedRegex(@"\bAssert\.Skip\(|\bSkip(When|Unless)\(|\bSkip(When|Unless|Type|Exceptions)?\s*=[^=>]")]
    private static partial Regex Skipping();

    [GeneratedRegex(@"""shared""(?!\))|\.\./shared/(?!\{)")]
    private static partial Regex SharedFolder();
}
