using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Leaks;

/// <summary>Reads what rows of tokens ask, so that they are held to the same rules as rows of text.</summary>
sealed class TokenizedQuestions(Tokenizer tokenizer)
{
    /// <summary>Returns the leaks of a row that may be trained on; none without a check.</summary>
    /// <exception cref="UserErrorException">The row is OpenFinData's.</exception>
    public IReadOnlyList<Leak> Admit(string place, TokenRow row, LeakCheck? check)
    {
        if (Texts(row.InputIds).Any(OpenFinData.IsIntentPrompt)) throw new UserErrorException($"{place}: {Dataset.Refusal}");
        return check is null ? [] : Find(place, row, check);
    }

    public IReadOnlyList<Leak> Find(string place, TokenRow row, LeakCheck check) =>
        check.Find(place, Texts(row.InputIds).SelectMany(turn => Candidates(turn, check)));

    /// <summary>Returns the texts between special tokens: the turns, with the role's name where a template writes it as a word.</summary>
    List<string> Texts(ReadOnlySpan<int> ids)
    {
        List<string> texts = [];
        var start = 0;
        for (var i = 0; i <= ids.Length; i++)
        {
            if (i < ids.Length && !tokenizer.IsSpecial(ids[i])) continue;
            if (i > start) texts.Add(tokenizer.Decode(ids[start..i]));
            start = i + 1;
        }
        return texts;
    }

    // A role's name stands on a line of its own.
    static IEnumerable<string> Candidates(string turn, LeakCheck check)
    {
        var withRole = check.Candidates(turn);
        return turn.IndexOf('\n') is var end and >= 0 ? withRole.Concat(check.Candidates(turn[(end + 1)..])).Distinct() : withRole;
    }
}
