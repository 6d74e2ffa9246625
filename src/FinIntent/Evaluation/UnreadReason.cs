namespace FinIntent.Evaluation;

/// <summary>Why no choice can be read from an answer.</summary>
enum UnreadReason
{
    /// <summary>It has a text, and the rule finds no option in it.</summary>
    Text,

    /// <summary>It ends inside a thought.</summary>
    Unfinished,

    /// <summary>A filter of contents, or the model itself, withheld it.</summary>
    Refused,

    /// <summary>It has no text.</summary>
    Empty,

    /// <summary>The question did not fit into the model's context.</summary>
    TooLong,
}
