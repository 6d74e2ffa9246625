namespace FinIntent.Authoring;

/// <summary>A question as a model wrote it, with where it came from.</summary>
/// <param name="Id">The id of the request and the item's place in its answer.</param>
/// <param name="Cost">The question's share of what its answer took.</param>
sealed record Written(
    string Id, string Question, int Intent, int Length, string Style, JournalRecord Sent, JournalRecord Answer, decimal Cost);

/// <summary>What a judge said of a row, the request that asked it, and the row's share of what that took.</summary>
sealed record Judged(Verdict Verdict, JournalRecord Sent, JournalRecord Answer, decimal Cost);

/// <summary>A row of the set.</summary>
/// <param name="Intent">The intent as written, or as a person decided.</param>
/// <param name="Judged">The judgement; null without a judge.</param>
/// <param name="IsPersons">True: a person decided, after writer and judge disagreed.</param>
sealed record AuthoredRow(Written Written, string Question, int Intent, Judged? Judged, bool IsPersons = false)
{
    public decimal Cost => Written.Cost + (Judged?.Cost ?? 0);
}

/// <summary>A row that a person must decide about.</summary>
/// <param name="Judged">The judgement; null when the judge's answers had no verdict on the row.</param>
sealed record SetAside(Written Written, Judged? Judged);
