using FinIntent.Notices;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>The notices are those of the versions that the packages use.</summary>
public sealed class ThirdPartyNoticesTests
{
    public static TheoryData<string> Projects => [.. PackedProject.All.Select(project => project.Name)];

    [Theory, MemberData(nameof(Projects))]
    public void The_notices_are_those_of_the_lock_file(string name)
    {
        var project = PackedProject.All.Single(p => p.Name == name);

        Approved.Compare(Path.Combine(Reference.Root, project.NoticesFile), ThirdPartyNotices.Of(Reference.Root, project),
            "dotnet run --project tools/FinIntent.Notices");
    }
}
