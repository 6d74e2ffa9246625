using FinIntent.Fuzz;
using Xunit;

namespace FinIntent.Tests.Fuzz;

/// <summary>Damages files of every reader with a fixed seed; the project FinIntent.Fuzz damages many more (CONTRIBUTING.md).</summary>
public sealed class FuzzTests
{
    public static TheoryData<string> Names => [.. Readers.All.Select(reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_valid_files_of_a_reader_are_read(string name)
    {
        var reader = Readers.Get(name);
        using var folder = new TrialFolder(reader);

        foreach (var (i, seed) in reader.Seeds.Index())
        {
            var finding = Trial.Run(reader, folder.Path, i, seed);
            Assert.True(finding.Outcome == Outcome.Value, $"file {i}: {finding.Outcome}: {finding.What}");
        }
    }
}
