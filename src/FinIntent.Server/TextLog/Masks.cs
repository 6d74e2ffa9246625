namespace FinIntent.Server.TextLog;

/// <summary>Takes out of a text what may tell who wrote it: numbers of six and more digits, identity numbers and e-mail
/// addresses.</summary>
/// <remarks> Digits count in every script and as Chinese numerals, with up to three spaces, dashes, dots, commas, slashes or brackets
/// between two of them; so amounts and dates of six and more digits are masked, too. What is written in words with others between (a name,
/// a street, "a at b dot com") is not found. Each takes time in proportion to the text's length.
/// </remarks>
static class Masks
{
    public const string Number = "[NUM]", Identity = "[ID]", Email = "[EMAIL]";

    public static string Apply(string text)
    {
        var plain = new PlainText(text);
        List<Mask> masks = [.. EmailMasks.In(plain)];
        masks.AddRange(NumberMasks.In(plain).Where(number => !masks.Any(email => email.Overlaps(number))).ToList());
        if (masks.Count == 0) return text;
        StringBuilder masked = new(text.Length);
        var done = 0;
        foreach (var mask in masks.OrderBy(mask => mask.Start))
        {
            masked.Append(text, done, plain.PlaceOf(mask.Start) - done).Append(mask.Token);
            done = plain.PlaceOf(mask.End); // with what cannot be seen behind it
        }
        return masked.Append(text, done, text.Length - done).ToString();
    }
}

/// <summary>A part of a <see cref="PlainText"/>, from Start to before End, and what stands for it.</summary>
readonly record struct Mask(int Start, int End, string Token)
{
    public bool Overlaps(Mask other) => Start < other.End && other.Start < End;
}
