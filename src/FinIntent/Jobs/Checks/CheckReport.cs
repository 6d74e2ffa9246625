namespace FinIntent.Jobs.Checks;

enum Severity { Ok, Warning, Error }

/// <summary>Is one line of a check.</summary>
/// <param name="Subject">A key of the settings, or a word such as "model".</param>
/// <param name="Detail">What was found, and if it is not well, what to do.</param>
sealed record Finding(Severity Severity, string Subject, string Detail)
{
    /// <summary>The first places it was found at.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>The number of all places.</summary>
    public long Count { get; init; }
}

/// <summary>Collects what a check finds, in its order.</summary>
sealed class CheckReport
{
    const int SubjectWidth = 13;

    readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Numbers for programs: rows, tokens, updates, bytes.</summary>
    public JsonObject Facts { get; } = [];

    public int Errors => _findings.Count(f => f.Severity == Severity.Error);

    public int Warnings => _findings.Count(f => f.Severity == Severity.Warning);

    public void Ok(string subject, string detail) => Add(new(Severity.Ok, subject, detail));

    public void Warn(string subject, string detail) => Add(new(Severity.Warning, subject, detail));

    public void Fail(string subject, string detail) => Add(new(Severity.Error, subject, detail));

    /// <summary>Adds a finding unless it is there already, since two checks may come upon one thing.</summary>
    public void Add(Finding finding)
    {
        if (!_findings.Any(f => f.Detail == finding.Detail || f.Places.Contains(finding.Detail))) _findings.Add(finding);
    }

    /// <summary>Does a part of the check; an exception that ends it becomes an error of the report.</summary>
    public void Try(string subject, Action part) => Try<object>(subject, () =>
    {
        part();
        return this;
    });

    /// <summary>Does the same for a part that others build on; returns null where it failed.</summary>
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

    /// <exception cref="UserErrorException">There are errors; the message holds them all.</exception>
    public void RefuseErrors()
    {
        if (Errors == 0) return;
        var errors = _findings.Where(f => f.Severity == Severity.Error);
        throw new UserErrorException(string.Join('\n', errors.Select(f => string.Join("\n  ", f.Places.Prepend(f.Detail)))));
    }

    /// <summary>The warnings as lines of text.</summary>
    public string WarningsText
    {
        get
        {
            var text = new StringBuilder();
            foreach (var finding in _findings.Where(f => f.Severity == Severity.Warning)) Write(text, finding);
            return text.ToString();
        }
    }

    /// <summary>The findings as lines of text, and how many errors and warnings there are.</summary>
    /// <param name="isBrief">True leaves out what is well, apart from the length of the run.</param>
    public string ToText(bool isBrief = false)
    {
        var text = new StringBuilder();
        foreach (var finding in _findings.Where(f => !isBrief || f.Severity != Severity.Ok || f.Subject == "steps")) Write(text, finding);
        return text.Append($"{Count(Errors, "error")}, {Count(Warnings, "warning")}\n").ToString();

        static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
    }

    static void Write(StringBuilder text, Finding finding)
    {
        var lines = finding.Detail.Split('\n');
        text.Append($"{finding.Severity.ToString().ToLowerInvariant(),-9}{finding.Subject.PadRight(SubjectWidth)} {lines[0]}\n");
        var indent = new string(' ', 9 + SubjectWidth + 1);
        foreach (var line in lines.Skip(1)) text.Append($"{indent}{line}\n");
        if (finding.Severity == Severity.Ok) return;
        foreach (var place in finding.Places) text.Append($"{indent}  {place}\n");
        if (finding.Count > finding.Places.Count) text.Append($"{indent}  … and {finding.Count - finding.Places.Count:N0} more\n");
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
