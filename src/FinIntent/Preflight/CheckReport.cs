using System.Text.Json.Nodes;

namespace FinIntent.Preflight;

enum Severity
{
    Ok,
    Warning,
    Error,
}

/// <summary>One line of a check.</summary>
/// <param name="Subject">A key of the settings, or a word such as "model".</param>
/// <param name="Detail">What was found, and if it is not well, what to do.</param>
sealed record Finding(Severity Severity, string Subject, string Detail)
{
    /// <summary>The first places it was found at.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>Of all places.</summary>
    public long Count { get; init; }
}

/// <summary>What a check found, in its order.</summary>
sealed class CheckReport
{
    readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Numbers for programs: rows, tokens, updates, bytes.</summary>
    public JsonObject Facts { get; } = [];

    public int Errors => _findings.Count(f => f.Severity == Severity.Error);

    public int Warnings => _findings.Count(f => f.Severity == Severity.Warning);

    public void Ok(string subject, string detail) => Add(new(Severity.Ok, subject, detail));

    public void Warn(string subject, string detail) => Add(new(Severity.Warning, subject, detail));

    public void Fail(string subject, string detail) => Add(new(Severity.Error, subject, detail));

    /// <summary>The same is said once only: two checks may come upon one thing.</summary>
    public void Add(Finding finding)
    {
        if (!_findings.Any(f => f.Detail == finding.Detail || f.Places.Contains(finding.Detail))) _findings.Add(finding);
    }

    /// <summary>Does a part of the check; what ends it is an error.</summary>
    public void Try(string subject, Action part) => Try<object>(subject, () =>
    {
        part();
        return this;
    });

    /// <summary>The same for a part that others build on; null where it failed.</summary>
    public T? Try<T>(string subject, Func<T> part) where T : class
    {
        try
        {
            return part();
        }
        catch (UserErrorException e)
        {
            Fail(subject, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(subject, $"{e.Message} (look at the path and its permissions)");
        }
        return null;
    }

    public JsonObject ToJson() => new()
    {
        ["errors"] = Errors,
        ["warnings"] = Warnings,
        ["findings"] = new JsonArray([.. _findings.Select(f => (JsonNode)new JsonObject
        {
            ["severity"] = f.Severity.ToString().ToLowerInvariant(),
            ["subject"] = f.Subject,
            ["detail"] = f.Detail,
            ["count"] = f.Count,
            ["places"] = new JsonArray([.. f.Places.Select(p => (JsonNode)p)]),
        })]),
        ["facts"] = Facts.DeepClone(),
    };
}
