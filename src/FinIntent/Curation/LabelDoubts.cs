namespace FinIntent.Curation;

/// <summary>A row whose label the other rows speak against.</summary>
/// <param name="Row">The row's number.</param>
/// <param name="Predicted">What a classifier that has not seen the row says, and how sure it is.</param>
/// <param name="LettersAgree">The letters alone (naive Bayes, held out, too) say the same as the model.</param>
readonly record struct LabelDoubt(int Row, string Label, string Predicted, double Probability, bool LettersAgree);

/// <summary>What classifiers that were trained on the other rows say about each.</summary>
/// <param name="ModelRight">Rows whose label the classifier on the model's states gives.</param>
/// <param name="LettersRight">Rows whose label naive Bayes over characters gives.</param>
sealed record HeldOutLabels(int Rows, int Folds, int ModelRight, int LettersRight, IReadOnlyList<LabelDoubt> Doubts);

/// <summary>Finds suspicious labels by cross-validation.</summary>
static class LabelDoubts
{
    const double Penalty = 0.01;

    /// <param name="features">[N, D], a row a question.</param>
    /// <param name="groups">Questions with the same number share a fold, so that a near duplicate cannot vouch for its own label.</param>
    /// <param name="confidence">From which probability on a disagreement is told.</param>
    public static HeldOutLabels Find(Tensor features, IReadOnlyList<string> questions, IReadOnlyList<string> labels,
        IReadOnlyList<int> groups, int folds, double confidence, int seed)
    {
        string[] names = [.. labels.Distinct().Order(StringComparer.Ordinal)];
        var classes = labels.Select(label => Array.IndexOf(names, label)).ToArray();
        var foldOf = Folds(groups, classes, folds, seed);
        var (model, letters) = (new double[questions.Count][], new double[questions.Count][]);
        for (var fold = 0; fold < folds; fold++)
        {
            var (held, others) = (Rows(foldOf, f => f == fold), Rows(foldOf, f => f != fold));
            if (held.Length == 0 || others.Length == 0) continue;
            using var scope = NewDisposeScope();
            int[] own = [.. others.Select(row => classes[row])];
            using var regression = LogisticRegression.Fit(Take(features, others), [.. own.Select(c => (long)c)], names.Length, Penalty);
            var bayes = new CharacterBayes([.. others.Select(row => questions[row])], own, names.Length);
            foreach (var (row, probabilities) in held.Zip(regression.Probabilities(Take(features, held)))) model[row] = probabilities;
            foreach (var row in held) letters[row] = bayes.Probabilities(questions[row]);
        }
        var doubts = from row in Enumerable.Range(0, questions.Count)
                     let predicted = Highest(model[row])
                     where predicted != classes[row] && model[row][predicted] >= confidence
                     orderby model[row][predicted] descending
                     select new LabelDoubt(row, labels[row], names[predicted], model[row][predicted], Highest(letters[row]) == predicted);
        return new(questions.Count, folds, Right(model), Right(letters), [.. doubts]);

        int Right(double[][] probabilities) => probabilities.Index().Count(p => Highest(p.Item) == classes[p.Index]);
    }

    /// <summary>Deals the groups out to the folds, class by class, so that each fold has about the same classes.</summary>
    static int[] Folds(IReadOnlyList<int> groups, int[] classes, int folds, int seed)
    {
        var shuffled = Enumerable.Range(0, classes.Length).GroupBy(row => groups[row]).Select(g => g.ToArray()).ToArray();
        new Random(seed).Shuffle(shuffled);
        var result = new int[classes.Length];
        foreach (var (i, rows) in shuffled.OrderBy(rows => classes[rows[0]]).Index())
            foreach (var row in rows) result[row] = i % folds;
        return result;
    }

    static int[] Rows(int[] foldOf, Func<int, bool> which) => [.. Enumerable.Range(0, foldOf.Length).Where(row => which(foldOf[row]))];

    static Tensor Take(Tensor features, int[] rows) => features.index_select(0, tensor(rows.Select(row => (long)row).ToArray()));

    static int Highest(double[] values) => Array.IndexOf(values, values.Max());
}
