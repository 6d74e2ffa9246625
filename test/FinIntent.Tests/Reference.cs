using Xunit;

namespace FinIntent.Tests;

/// <summary>Where reference files are: small ones in test/fixtures, larger ones in ../shared beside the checkout, when it is there.</summary>
static class Reference
{
    /// <summary>Names the checkout when the tests run elsewhere, as they do on a machine without an SDK.</summary>
    const string RootVariable = "FININTENT_TEST_DATA";

    public static string Root { get; } = Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } named
        ? System.IO.Path.GetFullPath(named)
        : FindRoot();

    /// <summary>The path of a file or folder such as "fixtures/qwen2"; skips the test with a reason when neither place has it.</summary>
    public static string Path(string relative)
    {
        string[] candidates = [System.IO.Path.Combine(Root, "test", relative), System.IO.Path.Combine(Root, "..", "shared", relative)];
        var found = candidates.FirstOrDefault(p => File.Exists(p) || Directory.Exists(p));
        Assert.SkipWhen(found is null, $"reference {relative} is neither under test/ nor under ../shared/");
        return found!;
    }

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "FinIntent.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"FinIntent.slnx is in no folder above the tests; name the checkout in {RootVariable}");
    }
}
