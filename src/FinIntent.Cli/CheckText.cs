using FinIntent.Preflight;

namespace FinIntent.Cli;

/// <summary>A check as lines of text.</summary>
static class CheckText
{
    const int SubjectWidth = 13;

    /// <param name="isBrief">Only what is not well, and how long the run is.</param>
    public static void Write(TextWriter console, CheckReport report, bool isBrief = false)
    {
        foreach (var finding in report.Findings.Where(f => !isBrief || f.Severity != Severity.Ok || f.Subject == "steps")) Write(console, finding);
        console.WriteLine($"{Count(report.Errors, "error")}, {Count(report.Warnings, "warning")}");
    }

    static void Write(TextWriter console, Finding finding)
    {
        var lines = finding.Detail.Split('\n');
        console.WriteLine($"{finding.Severity.ToString().ToLowerInvariant(),-9}{finding.Subject.PadRight(SubjectWidth)} {lines[0]}");
        var indent = new string(' ', 9 + SubjectWidth + 1);
        foreach (var line in lines.Skip(1)) console.WriteLine(indent + line);
        if (finding.Severity == Severity.Ok) return;
        foreach (var place in finding.Places) console.WriteLine($"{indent}  {place}");
        if (finding.Count > finding.Places.Count) console.WriteLine($"{indent}  … and {finding.Count - finding.Places.Count:N0} more");
    }

    static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
