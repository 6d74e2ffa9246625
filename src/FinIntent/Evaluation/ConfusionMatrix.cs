namespace FinIntent.Evaluation;

/// <summary>One class against the rest. A quotient whose divisor is 0 is 0, as scikit-learn's zero_division=0 has it.</summary>
/// <param name="Count">Items whose gold is the class.</param>
/// <param name="Predicted">Items answered with it.</param>
/// <param name="Correct">Items that are both.</param>
sealed record ClassScore(string Class, int Count, int Predicted, int Correct)
{
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;
    public double Recall => Count == 0 ? 0 : (double)Correct / Count;
    public double F1 => Count + Predicted == 0 ? 0 : 2.0 * Correct / (Count + Predicted);
}

/// <summary>How often each gold class was answered with each class, or with nothing that could be read.</summary>
sealed class ConfusionMatrix
{
    readonly int[,] _counts;

    /// <summary>Answers are indices into <paramref name="classes"/>; a null prediction is an answer nobody could read, and wrong.</summary>
    public ConfusionMatrix(IReadOnlyList<string> classes, IEnumerable<(int Gold, int? Predicted)> answers)
    {
        Classes = classes;
        _counts = new int[classes.Count, classes.Count + 1];
        foreach (var (gold, predicted) in answers) _counts[gold, predicted ?? Unreadable]++;
    }

    // More letters than this do not fit side by side above columns of counts.
    const int MostLetters = 100;

    public IReadOnlyList<string> Classes { get; }

    /// <summary>Whether the classes' names do not fit side by side as columns: a report then lists the confusions instead.</summary>
    public bool IsWide => Classes.Sum(c => c.Length) > MostLetters;

    /// <summary>Wrong answers, the most frequent first; null is an answer that could not be read.</summary>
    public IReadOnlyList<(int Gold, int? Answer, int Count)> Confusions =>
        [.. from gold in Enumerable.Range(0, Classes.Count)
            from answer in Enumerable.Range(0, Classes.Count + 1)
            where answer != gold && _counts[gold, answer] > 0
            orderby _counts[gold, answer] descending, gold, answer
            select (gold, answer == Unreadable ? (int?)null : answer, _counts[gold, answer])];

    /// <summary>The column of answers that could not be read, behind those of the classes.</summary>
    public int Unreadable => Classes.Count;

    public int this[int gold, int predicted] => _counts[gold, predicted];

    public int Count => _counts.Cast<int>().Sum();
    public Proportion Accuracy => new(Enumerable.Range(0, Classes.Count).Sum(c => _counts[c, c]), Count);

    public IReadOnlyList<ClassScore> PerClass =>
        [.. Classes.Select((name, c) => new ClassScore(name, RowSum(c), ColumnSum(c), _counts[c, c]))];

    /// <summary>The mean F1 of the classes that occur, as scikit-learn's f1_score(average="macro") has it; NaN when none occurs.</summary>
    public double MacroF1
    {
        get
        {
            var occurring = PerClass.Where(c => c.Count + c.Predicted > 0).ToList();
            return occurring.Count == 0 ? double.NaN : occurring.Average(c => c.F1);
        }
    }

    /// <summary>Matthews' correlation of answers and gold, −1 to 1, as scikit-learn's matthews_corrcoef; NaN without items.</summary>
    /// <remarks>
    /// It is 0 where all golds or all answers are the same. Answers that could not be read are a class of their own.
    /// J. Gorodkin, 2004, https://doi.org/10.1016/j.compbiolchem.2004.09.006.
    /// </remarks>
    public double Matthews
    {
        get
        {
            double all = Count, correct = Accuracy.Successes, both = 0, gold = 0, answered = 0;
            for (var c = 0; c <= Classes.Count; c++)
            {
                double ofGold = c == Unreadable ? 0 : RowSum(c), ofAnswers = ColumnSum(c);
                both += ofGold * ofAnswers;
                gold += ofGold * ofGold;
                answered += ofAnswers * ofAnswers;
            }
            var (goldSpread, answerSpread) = (all * all - gold, all * all - answered);
            return all == 0 ? double.NaN
                : goldSpread == 0 || answerSpread == 0 ? 0 : (correct * all - both) / Math.Sqrt(goldSpread * answerSpread);
        }
    }

    int RowSum(int gold) => Enumerable.Range(0, Classes.Count + 1).Sum(c => _counts[gold, c]);

    int ColumnSum(int predicted) => Enumerable.Range(0, Classes.Count).Sum(c => _counts[c, predicted]);
}
