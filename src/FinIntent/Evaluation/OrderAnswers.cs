namespace FinIntent.Evaluation;

/// <summary>How one rule reads the answers to questions whose options were permuted.</summary>
/// <remarks>Options are counted in the question's own order, so that a number means the same intent in every order.</remarks>
sealed class OrderAnswers
{
    readonly PermutedQuestions _asked;
    readonly int[] _gold;
    readonly int?[] _chosen;

    /// <param name="choices">The label that each answer of <paramref name="asked"/>.All is read as; null where none can be read.</param>
    public OrderAnswers(PermutedQuestions asked, IReadOnlyList<string?> choices)
    {
        _asked = asked;
        _gold = [.. asked.Questions.Select(q => q.Options.Index().First(o => o.Item.Label == q.Gold).Index)];
        _chosen = new int?[choices.Count];
        for (var i = 0; i < choices.Count; i++)
            if (choices[i] is { } label) _chosen[i] = asked.Orders[i % Orders].Places[PlaceOf(i, label)];
    }

    public int Questions => _asked.Questions.Count;
    public int Orders => _asked.Orders.Count;
    public int Options => _asked.Questions[0].Options.Count;

    public int Gold(int question) => _gold[question];

    public int? Chosen(int question, int order) => _chosen[question * Orders + order];

    public bool IsRight(int question, int order) => Chosen(question, order) == _gold[question];

    /// <summary>In how many orders the question is answered rightly.</summary>
    public int Right(int question) => Enumerable.Range(0, Orders).Count(order => IsRight(question, order));

    /// <summary>The place at which an option stands in an order.</summary>
    public int Place(int order, int option)
    {
        var places = _asked.Orders[order].Places;
        for (var i = 0; i < places.Count; i++)
            if (places[i] == option) return i;
        throw new ArgumentOutOfRangeException(nameof(option));
    }

    /// <summary>How often each option is chosen over all orders.</summary>
    public int[] Votes(int question)
    {
        var votes = new int[Options];
        for (var order = 0; order < Orders; order++)
            if (Chosen(question, order) is { } option) votes[option]++;
        return votes;
    }

    /// <summary>Whether the same intent is chosen in every order; an answer that cannot be read is none.</summary>
    public bool IsUnchanged(int question) => Chosen(question, 0) is { } first && Votes(question)[first] == Orders;

    /// <summary>The option that most orders choose, the question's own first one among equals; null when no answer can be read.</summary>
    public int? Majority(int question)
    {
        var votes = Votes(question);
        var most = votes.Max();
        return most == 0 ? null : Array.IndexOf(votes, most);
    }

    int PlaceOf(int i, string label) => _asked.All[i].Options.Index().First(o => o.Item.Label == label).Index;
}
