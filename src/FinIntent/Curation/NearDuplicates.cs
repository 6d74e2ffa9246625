using FinIntent.Data.Leaks;

namespace FinIntent.Curation;

/// <summary>Two rows that ask nearly the same: their character bigrams, with or without punctuation, are alike by 0.6 or more.</summary>
readonly record struct NearDuplicate(int First, int Second, double Similarity, bool AreSame);

/// <summary>Which questions of a set are alike.</summary>
static class NearDuplicates
{
    /// <summary>Returns each pair once, in the order of its second question.</summary>
    public static IReadOnlyList<NearDuplicate> Pairs(IReadOnlyList<string> questions)
    {
        var index = new QuestionIndex(questions);
        List<NearDuplicate> pairs = [];
        for (var second = 0; second < questions.Count; second++)
        {
            foreach (var (first, similarity) in index.Find(questions[second]))
                if (first < second) pairs.Add(new(first, second, similarity, questions[first] == questions[second]));
        }
        return pairs;
    }

    /// <summary>The number of each question's group, from 0: pairs join questions into groups, directly or through others.</summary>
    public static int[] Groups(IReadOnlyList<string> questions)
    {
        var parents = Enumerable.Range(0, questions.Count).ToArray();
        foreach (var pair in Pairs(questions))
            parents[Math.Max(Root(pair.First), Root(pair.Second))] = Math.Min(Root(pair.First), Root(pair.Second));
        Dictionary<int, int> numbers = [];
        return [.. parents.Select((_, i) => numbers.TryGetValue(Root(i), out var number) ? number : numbers[Root(i)] = numbers.Count)];

        int Root(int i)
        {
            while (parents[i] != i) i = parents[i] = parents[parents[i]];
            return i;
        }
    }
}
