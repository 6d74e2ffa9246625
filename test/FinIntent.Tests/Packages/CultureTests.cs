using System.Globalization;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>The command line runs without cultures; a program that uses the library has its user's.</summary>
public sealed class CultureTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_who_writes_numbers_with_a_comma_gets_the_same_answers()
    {
        var plain = await Probabilities();

        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        var numbers = comma.NumberFormat;
        (numbers.NumberDecimalSeparator, numbers.NumberGroupSeparator, numbers.NegativeSign) = (",", ".", "−");
        CultureInfo.CurrentCulture = comma;
        try
        {
            Assert.Equal("0,5", $"{0.5}");
            Assert.Equal(plain, await Probabilities());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    static async Task<IReadOnlyList<double>> Probabilities()
    {
        await using var classifier = await IntentClassifier.LoadAsync(
            EmbeddedClassifier.Model, EmbeddedClassifier.Options with { Precision = ModelPrecision.Float32 }, Stop);
        var result = await classifier.ClassifyAsync("600519 涨了 -1.5% 还能买吗", cancellationToken: Stop);
        return [.. result.Probabilities.Values];
    }
}
