namespace FinIntent.Authoring;

/// <summary>Where a question came from.</summary>
/// <param name="Id">The request and the item's place in its answer.</param>
/// <param name="Cost">Its share of what the answer it stood in took.</param>
sealed record Written(string Id, string Question, int Intent, int Length, string Style, JournalRecord Sent, JournalRecord Answer, decimal Cost);

/// <summary>What was judged, by which request, and its share of what that took.</summary>
sealed record Judged(Verdict Verdict, JournalRecord Sent, JournalRecord Answer, decimal Cost);

/// <summary>A row of the set.</summary>
/// <param name="Intent">As written, or as a person decided.</param>
/// <param name="Judged">Null without a judge.</param>
/// <param name="IsPersons">A person decided, after writer and judge disagreed.</param>
sealed record AuthoredRow(Written Written, string Question, int Intent, Judged? Judged, bool IsPersons = false)
{
    public decimal Cost => Written.Cost + (Judged?.Cost ?? 0);
}

/// <summary>A row that a person must decide about.</summary>
/// <param name="Judged">Null when the judge's answers had no verdict on it.</param>
sealed record SetAside(Written Written, Judged? Judged);
