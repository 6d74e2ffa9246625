using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class ConfusionPlotTests
{
    [Fact]
    public void A_matrix_becomes_a_PNG()
    {
        using var folder = new TemporaryFolder();
        var path = folder["confusion.png"];
        var matrix = new ConfusionMatrix(["A", "B", "C", "D", "E"], Enumerable.Range(0, 75)
            .Select(i => (i % 5, i % 7 == 0 ? (int?)null : i % 11 == 0 ? 1 : i % 5)));

        ConfusionPlot.Write(path, "scored", matrix);

        Assert.Equal("PNG"u8, File.ReadAllBytes(path).AsSpan(1, 3));
    }
}
