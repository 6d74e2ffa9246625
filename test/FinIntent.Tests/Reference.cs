namespace FinIntent.Tests;

/// <summary>
/// Where reference files are: those that every test may use in test/, larger ones of the tier "shared" in ../shared beside the checkout.
/// </summary>
static class Reference
{
    /// <summary>Names the checkout when the tests run elsewhere, as they do on a machine without an SDK.</summary>
    const string RootVariable = "FININTENT_TEST_DATA";

    public static string Root { get; } = Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } named
        ? System.IO.Path.GetFullPath(named)
        : FindRoot();

    /// <summary>The path of a file or folder in test/, such as "fixtures/qwen2".</summary>
    public static string Path(string relative) => System.IO.Path.Combine(Root, "test", relative);

    /// <summary>The path of a file or folder in ../shared; skips a test of the tier "shared" where it is not there.</summary>
    public static string Shared(string relative)
    {
        var path = System.IO.Path.Combine(Root, "..", "shared", relative);
        Tier.Needs(Tier.Shared, File.Exists(path) || Directory.Exists(path), $"../shared/{relative} is not there");
        return path;
    }

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "FinIntent.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException(
            $"FinIntent.slnx is in no folder above the tests; name the checkout in {RootVariable}");
    }
}
