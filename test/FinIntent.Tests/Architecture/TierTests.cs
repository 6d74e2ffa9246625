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
    public void Only_Tier_skips_a_test() => Assert.Equal([("Tier.cs", "SkipUnless(")], Places(Skipping()));

    [Fact]
    public void Only_Reference_knows_where_the_shared_files_are() =>
        Assert.Equal(["Reference.cs"], Places(SharedFolder()).Select(place => place.File));

    [Fact]
    public void Every_tier_is_one_of_the_three()
    {
        var named = Methods().SelectMany(method => TiersOf(method).Select(tier => (method.Name, Tier: tier))).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, test => Assert.Contains(test.Tier, Tiers));
    }

    [Fact]
    public void A_test_that_is_run_only_when_asked_is_of_the_tier_demand() =>
        Assert.All(Methods().Where(method => FactOf(method)!.Explicit), method => Assert.Contains(Tier.Demand, TiersOf(method)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_test_without_a_tier_that_asks_for_one_fails_wherever_it_runs(bool isHere)
    {
        var error = Assert.ThrowsAny<XunitException>(() => Tier.Needs(Tier.Shared, isHere, "not there"));

        Assert.Contains("[Trait(\"tier\", \"shared\")]", error.Message);
    }

    static IEnumerable<MethodInfo> Methods() => typeof(TierTests).Assembly.GetTypes().Where(type => !type.IsAbstract)
        .SelectMany(type => type.GetMethods()).Where(method => FactOf(method) is not null);

    static IFactAttribute? FactOf(MethodInfo method) => method.GetCustomAttributes().OfType<IFactAttribute>().FirstOrDefault();

    static IEnumerable<string> TiersOf(MethodInfo method) => method.GetCustomAttributes()
        .Concat(method.ReflectedType!.GetCustomAttributes()).OfType<ITraitAttribute>()
        .SelectMany(trait => trait.GetTraits()).Where(trait => trait.Key == Tier.Name).Select(trait => trait.Value);

    /// <summary>The places in the tests' sources where a pattern is found; this file is left out.</summary>
    static IEnumerable<(string File, string Text)> Places(Regex pattern) =>
        from file in Directory.EnumerateFiles(Tests, "*.cs", SearchOption.AllDirectories)
        where Path.GetFileName(file) != "TierTests.cs"
        from Match match in pattern.Matches(File.ReadAllText(file))
        select (Path.GetRelativePath(Tests, file), match.Value);

    /// <summary>The ways of Assert and those of a test's attribute; Skip alone is LINQ's.</summary>
    [GeneratedRegex(@"\bAssert\.Skip\(|\bSkip(When|Unless)\(|\bSkip(When|Unless|Type|Exceptions)?\s*=[^=>]")]
    private static partial Regex Skipping();

    /// <summary>A path into the folder, joined or written out.</summary>
    [GeneratedRegex(@"""\.\."", ""shared""|\.\./shared/(?!\{)")]
    private static partial Regex SharedFolder();
}
