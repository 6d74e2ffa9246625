using Xunit;

namespace FinIntent.Tests;

/// <summary>A text that a person approved: a change of what makes it is seen, and approved anew.</summary>
static class Approved
{
    /// <param name="remedy">The command that writes the file, or what else to do after a change that is wanted.</param>
    public static void Compare(string path, string text, string remedy)
    {
        var approved = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (approved == text) return;
        var (before, now) = (approved.Split('\n'), text.Split('\n'));
        Assert.Fail($"{Path.GetRelativePath(Reference.Root, path)} differs; if the change is wanted: {remedy}\n" +
            string.Join("\n", [.. Only(before, now, '-'), .. Only(now, before, '+')]));
    }

    static IEnumerable<string> Only(string[] lines, string[] others, char sign) =>
        lines.Except(others).Take(20).Select(line => $"{sign} {line}");
}
