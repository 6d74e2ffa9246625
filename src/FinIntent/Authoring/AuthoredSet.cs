namespace FinIntent.Authoring;

/// <summary>The rows so far, what was set aside and what was rejected.</summary>
sealed class AuthoredSet(DatasetPlan plan)
{
    // Asking for more than is missing makes up for what will be rejected, but not without bounds.
    const double LowestRate = 0.25;

    readonly List<AuthoredRow> _rows = [];
    readonly List<SetAside> _aside = [];
    readonly Dictionary<Rejection, int> _rejected = [];
    readonly HashSet<string> _decided = [];
    readonly GrowingIndex _index = new();
    readonly int[][] _have = [.. plan.Wanted.Select(row => new int[row.Length])];

    public DatasetPlan Plan => plan;
    public IReadOnlyList<AuthoredRow> Rows => _rows;
    public IReadOnlyList<SetAside> Aside => _aside;
    public IReadOnlyDictionary<Rejection, int> Rejected => _rejected;

    /// <summary>The rows written and not judged, because a limit was reached first; a run that goes on judges them.</summary>
    public int Unjudged { get; set; }

    /// <summary>The number of rows set aside that a person dropped.</summary>
    public int Dropped { get; private set; }

    /// <summary>The number of rows asked for so far.</summary>
    public int Asked { get; set; }

    /// <summary>The number of answers without any row in them.</summary>
    public int Unreadable { get; set; }

    public bool IsComplete => Enumerable.Range(0, plan.Intents.Count).All(intent => Missing(intent).All(count => count == 0));

    /// <summary>Returns how many rows of an intent are missing, by length.</summary>
    public int[] Missing(int intent) => [.. plan.Wanted[intent].Zip(_have[intent], (wanted, have) => Math.Max(0, wanted - have))];

    public int Have(int intent, int length) => _have[intent][length];

    /// <summary>The share of the rows asked for that became rows of the set.</summary>
    public double Rate => Asked == 0 ? 1 : Math.Clamp((double)_rows.Count(r => !r.IsPersons) / Asked, LowestRate, 1);

    /// <summary>Adds a text that no row may repeat.</summary>
    public void Remember(string question) => _index.Add(question);

    public bool Repeats(string question) => _index.Find(question) is not null;

    public void Add(AuthoredRow row)
    {
        _rows.Add(row);
        if (plan.LengthOf(row.Question) is { } length) _have[row.Intent][length]++;
    }

    public void Reject(Rejection why, int count = 1)
    {
        if (count > 0) _rejected[why] = _rejected.GetValueOrDefault(why) + count;
    }

    public void Put(SetAside row) => _aside.Add(row);

    public SetAside? AsideOf(string id) => _aside.FirstOrDefault(row => row.Written.Id == id);

    public bool IsDecided(string id) => _decided.Contains(id);

    /// <summary>Carries out a person's decision about a row that was set aside.</summary>
    /// <param name="intent">The intent's number; null drops the row.</param>
    public void Decide(string id, string question, int? intent)
    {
        if (AsideOf(id) is not { } row) return;
        _decided.Add(id);
        _aside.Remove(row);
        if (intent is { } chosen) Add(new(row.Written, question, chosen, row.Judged, IsPersons: true));
        else Dropped++;
        if (intent is not null && question != row.Written.Question) Remember(question);
    }
}
