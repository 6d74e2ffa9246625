using FinIntent.Intents;
using static FinIntent.Files.TerminalText;

namespace FinIntent.Data.Leaks;

/// <summary>Holds the questions that rows are compared with while they are read, and what was found.</summary>
sealed class LeakWatch(IReadOnlyList<PlacedQuestion> questions, PromptWording? wording)
{
    public IReadOnlyList<PlacedQuestion> Questions => questions;
    public PromptWording? Wording => wording;
    public LeakCheck Check { get; } = new(questions, wording);
    public LeakReport Report { get; } = new();
}

/// <summary>Collects what a leak check finds.</summary>
/// <param name="row">What the rows are called that repeat questions.</param>
sealed class LeakReport(string row = "a training row")
{
    const int MostKept = 100_000, MostShown = 20;

    readonly List<Leak> _leaks = [];
    readonly HashSet<PlacedQuestion> _questions = [];

    /// <summary>The number of pairs of a row and a question.</summary>
    public long Count { get; private set; }

    /// <summary>The number of questions that a training row repeats.</summary>
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

    /// <summary>Tells the leaks where they are allowed.</summary>
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
        var text = new StringBuilder($"{Count:N0} times {row} asks what an evaluation question asks " +
            $"({QuestionCount:N0} of the questions; character bigrams alike by {BigramIndex.Threshold} or more):");
        foreach (var leak in _leaks.Take(most)) text.Append("\n  ").Append(Line(leak));
        if (Count > most) text.Append($"\n  … and {Count - most:N0} more (`finintent data leaks` lists them)");
        return text.ToString();
    }

    /// <summary>The number of pairs that can be listed; when there are very many, the rest is only counted.</summary>
    public int Kept => _leaks.Count;

    /// <summary>The pairs that can be listed, a line for each.</summary>
    public IEnumerable<string> Lines => _leaks.Select(Line);

    static string Line(Leak leak) =>
        $"{leak.Row.Place} \"{Short(leak.Row.Text)}\" – {leak.Question.Place} \"{Short(leak.Question.Text)}\" " +
        $"({(leak.Row.Text == leak.Question.Text ? "the same" : $"{leak.Similarity:0.00}")})";
}
