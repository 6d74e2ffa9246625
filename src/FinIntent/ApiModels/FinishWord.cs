namespace FinIntent.ApiModels;

/// <summary>The words that files have for why an answer ended, whatever a server calls it. An answer that ended by itself has none; a
/// server's word that means nothing here is kept as it is.</summary>
static class FinishWord
{
    /// <summary>It was as long as it may be.</summary>
    public const string Length = "length";

    /// <summary>A filter of contents, or the model itself, withheld it.</summary>
    public const string ContentFilter = "content_filter";

    /// <summary>The question and the most tokens of an answer do not fit into the model's context.</summary>
    public const string ContextLength = "context_length";

    /// <summary>It has no text.</summary>
    public const string Empty = "empty";

    const string EmptyBut = "empty, text in ";

    /// <summary>Returns the word for an answer without text.</summary>
    /// <param name="field">The field that has text in its place; null: none has.</param>
    public static string EmptyWith(string? field) => field is null ? Empty : EmptyBut + field;

    /// <summary>Returns the field that has text in the answer's place; null: none has, or the word is another one.</summary>
    public static string? FieldOf(string? finish) =>
        finish?.StartsWith(EmptyBut, StringComparison.Ordinal) == true ? finish[EmptyBut.Length..] : null;
}
