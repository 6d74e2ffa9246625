using static FinIntent.Files.TerminalText;

namespace FinIntent.Data.Leaks;

/// <summary>The questions that rows are held against while they are read, and what was found.</summary>
sealed class LeakWatch(IReadOnlyList<PlacedQuestion> questions)
{
    public IReadOnlyList<PlacedQuestion> Questions => questions;

    public LeakCheck Check { get; } = new(questions);

    public LeakReport Report { get; } = new();
}

/// <summary>What a leak check found.</summary>
sealed class LeakReport
{
    const int MostKept = 100_000, MostShown = 20;

    readonly List<Leak> _leaks = [];
    readonly HashSet<PlacedQuestion> _questions = [];

    /// <summary>Pairs of a row and a question.</summary>
    public long Count { get; private set; }

    /// <summary>Questions that a training row repeats.</summary>
    public int QuestionCount => _questions.Count;

    public void Add(IReadOnlyList<Leak> leaks)
    {
        Count += leaks.Count;
        foreach (var leak in leaks)
        {
            _questions.Add(leak.Question);
            if (_leaks.Count < MostKept) _leaks.Add(leak);
        }
    }

    /// <summary>Refuses leaks, or tells them where they are allowed.</summary>
    /// <exception cref="UserErrorException">There are leaks, and they are not allowed.</exception>
    public void Settle(bool isAllowed, Action<string> tell)
    {
        if (Count == 0) return;
        if (!isAllowed)
            throw new UserErrorException($"{Summary(MostShown)}\nRemove these rows or these questions, or set allow_leak: true");
        tell($"allow_leak: {Summary(MostShown)}");
    }

    public string Summary(int most)
    {
        var text = new StringBuilder($"{Count:N0} times a training row asks what an evaluation question asks " +
            $"({QuestionCount:N0} of the questions; character bigrams alike by {BigramIndex.Threshold} or more):");
        foreach (var leak in _leaks.Take(most)) text.Append("\n  ").Append(Line(leak));
        if (Count > most) text.Append($"\n  … and {Count - most:N0} more (`finintent data leaks` lists them)");
        return text.ToString();
    }

    /// <summary>Of the pairs, those that can be listed.</summary>
    public int Kept => _leaks.Count;

    /// <summary>They, a line each.</summary>
    public IEnumerable<string> Lines => _leaks.Select(Line);

    static string Line(Leak leak) =>
        $"{leak.Row.Place} \"{Short(leak.Row.Text)}\" – {leak.Question.Place} \"{Short(leak.Question.Text)}\" " +
        $"({(leak.Row.Text == leak.Question.Text ? "the same" : $"{leak.Similarity:0.00}")})";
}
