using FinIntent.Data.Leaks;
using FinIntent.Data.Tokens;
using FinIntent.Settings;

namespace FinIntent.Jobs.Checks;

/// <summary>Reports what was seen of rows while they were encoded.</summary>
sealed class RowCheck(SettingsFile settings, CheckReport report)
{
    /// <param name="name">"training" or "validation".</param>
    public void Report(string name, RowFindings found)
    {
        if (found.Refused.Count > 0) Add(Severity.Error, name, found.Refused,
            $"{Amounts.Rows(found.Refused.Count)} that cannot be read; mend or remove:");
        foreach (var broken in found.Broken) report.Fail(name, broken);
        if (found.LeftOut.Count > 0)
            Add(Severity.Warning, name, found.LeftOut,
                $"{found.LeftOut.Count:N0} of {Amounts.Rows(found.Rows)} left out; mend, or remove, or leave it so:");
        ReportCut(name, found);
        if (found.Unlearnt.Count > 0)
            Add(Severity.Warning, name, found.Unlearnt,
                $"{Amounts.Rows(found.Unlearnt.Count)} without a token that is learnt: the answer is empty or cut off; " +
                "fill it in, raise cutoff_len, or remove the row:");
        if (found.Endless.Count > 0)
            Add(Severity.Warning, name, found.Endless,
                $"{Amounts.Rows(found.Endless.Count)} with an answer that has no end token, which teaches to go on for ever; " +
                (found.Cut.Count > 0 ? "raise cutoff_len where the answer is cut, else use a template that ends answers:"
                    : "use a template that ends answers:"));
        ReportTwins(name, found);
    }

    void ReportCut(string name, RowFindings found)
    {
        if (found.Cut.Count == 0) return;
        Add(Severity.Warning, "cutoff_len", found.Cut, string.Create(CultureInfo.InvariantCulture,
            $"{found.Cut.Count:N0} of {Amounts.Rows(found.Rows)} ({name}) longer than {settings.Dataset.CutoffLen} tokens and cut, " +
            $"the longest of {found.Longest} at {found.LongestPlace}; set cutoff_len: {found.Longest}, or shorten them:"));
    }

    void ReportTwins(string name, RowFindings found)
    {
        if (found.Conflicting.Count > 0)
            Add(Severity.Warning, name, found.Conflicting,
                $"{Amounts.Rows(found.Conflicting.Count)} with the question of a row before and another answer; decide which is right:");
        if (found.Repeated.Count == 0) return;
        if (settings.Dataset.ValSize > 0)
            Add(Severity.Warning, "val_size", found.Repeated,
                $"{Amounts.Rows(found.Repeated.Count)} the same as a row before, and val_size draws at random, " +
                "so that rows trained on may be validated on, too; remove:");
        else Add(Severity.Ok, name, found.Repeated, $"{Amounts.Rows(found.Repeated.Count)} the same as a row before");
    }

    public void Report(LeakReport leaks)
    {
        var isAllowed = settings.Dataset.AllowLeak;
        if (leaks.Count == 0)
        {
            report.Ok("leaks", "no training row asks what a validation row or a question of leak_check_files asks");
            return;
        }
        var detail = $"{leaks.Count:N0} times a training row asks what an evaluation question asks, or nearly so " +
            $"({leaks.QuestionCount:N0} of the questions); remove these rows or these questions" +
            $"{(isAllowed ? " (allow_leak: true lets them pass)" : ", or set allow_leak: true")}:";
        var severity = isAllowed ? Severity.Warning : Severity.Error;
        report.Add(new(severity, "leaks", detail) { Count = leaks.Count, Places = [.. leaks.Lines.Take(5)] });
    }

    void Add(Severity severity, string subject, RowTally tally, string detail) =>
        report.Add(new(severity, subject, detail) { Places = tally.Examples, Count = tally.Count });
}
