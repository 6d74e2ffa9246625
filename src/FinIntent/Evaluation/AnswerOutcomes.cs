using FinIntent.ApiModels;
using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>How the written answers of a model ended: what no reading rule can tell of a low score.</summary>
/// <param name="Count">How many answers there are.</param>
/// <param name="CutShort">How many max_new_tokens ended.</param>
/// <param name="Refused">How many a filter of contents, or the model itself, withheld.</param>
/// <param name="TooLong">How many questions did not fit into the model's context, with max_new_tokens.</param>
/// <param name="Empty">How many ended by themselves and have no text, thoughts aside.</param>
/// <param name="Unfinished">How many end inside a thought; those that were cut short there are among <paramref name="CutShort"/>,
/// too.</param>
/// <param name="Unread">How many of all these have nothing that could be read.</param>
/// <param name="Field">The server's field that holds the text of most of the empty answers; null: no field does.</param>
sealed record AnswerOutcomes(int Count, int CutShort, int Refused, int TooLong, int Empty, int Unfinished, int Unread,
    string? Field)
{
    /// <summary>Whether the model said nothing at all that could be read.</summary>
    public bool IsSilent => Unread == Count;

    /// <summary>Says why no choice can be read from an answer, when a rule reads none.</summary>
    public static UnreadReason WhyUnread(Prediction prediction)
    {
        var answer = AnswerText.Of(prediction.Output ?? "");
        return prediction.Finish == FinishWord.ContextLength ? UnreadReason.TooLong
            : IsRefusal(prediction.Finish) ? UnreadReason.Refused
            : answer.IsUnfinished ? UnreadReason.Unfinished
            : string.IsNullOrWhiteSpace(answer.Text) ? UnreadReason.Empty : UnreadReason.Text;
    }

    /// <summary>Returns the outcomes of written answers; null where there are none.</summary>
    public static AnswerOutcomes? Of(IReadOnlyList<Prediction> predictions)
    {
        List<(string? Finish, AnswerText Answer)> all =
            [.. predictions.Where(p => p.Output is not null).Select(p => (p.Finish, AnswerText.Of(p.Output!)))];
        if (all.Count == 0) return null;
        int Ended(Func<string?, bool> how) => all.Count(a => how(a.Finish));
        var empty = all.Where(a => !IsKnown(a.Finish) && !a.Answer.IsUnfinished && string.IsNullOrWhiteSpace(a.Answer.Text)).ToList();
        var unfinished = all.Count(a => a.Answer.IsUnfinished);
        var unread = all.Count(a => a.Answer.IsUnfinished || string.IsNullOrWhiteSpace(a.Answer.Text) || IsRefusal(a.Finish));
        var fields = empty.Select(a => FinishWord.FieldOf(a.Finish)).OfType<string>().ToList();
        return new(all.Count, Ended(f => f == FinishWord.Length), Ended(IsRefusal), Ended(f => f == FinishWord.ContextLength), empty.Count,
            unfinished, unread, fields.CountBy(f => f).OrderByDescending(f => f.Value).FirstOrDefault().Key);
    }

    static bool IsKnown(string? finish) => finish is FinishWord.Length or FinishWord.ContextLength || IsRefusal(finish);

    // Files of version 0.2.0 and earlier have the server's own word, Anthropic's among them.
    static bool IsRefusal(string? finish) => finish is FinishWord.ContentFilter or "refusal";

    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["cut_short"] = CutShort,
        ["refused"] = Refused,
        ["too_long"] = TooLong,
        ["empty"] = Empty,
        ["unfinished"] = Unfinished,
    };
}
