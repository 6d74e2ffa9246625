using FinIntent.Data.Leaks;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

public sealed class BigramIndexTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 4)]
    [InlineData(3, 12)]
    public void It_finds_what_comparing_all_with_all_finds(int seed, int letters)
    {
        var random = new Random(seed);
        string Text() => string.Concat(Enumerable.Range(0, random.Next(0, 16))
            .Select(_ => (char)('a' + Math.Min(random.Next(letters), random.Next(letters)))));
        var texts = Enumerable.Range(0, 200).Select(_ => Text()).ToArray();
        var index = new BigramIndex(texts);
        var hits = 0;

        for (var i = 0; i < 200; i++)
        {
            var text = Text();
            var expected = texts.Select((other, t) => (t, Math.Round(Jaccard(text, other), 9))).Where(hit => hit.Item2 >= 0.6).ToList();
            hits += expected.Count;

            Assert.Equal(expected, index.Find(text).Select(hit => (hit.Text, Math.Round(hit.Similarity, 9))));
        }
        Assert.InRange(hits, 10, 200 * 200);
    }

    [Theory]
    [InlineData("今天的大盘怎么样", "请问今天的大盘怎么样", 7 / 9.0)]
    [InlineData("今天的大盘怎么样", "今天的大盘", 0)] // 4 shared bigrams of 7
    [InlineData("abcd", "abcdef", 0.6)] // 3 of 5: three fifths count
    [InlineData("买", "买", 1)]
    [InlineData("买", "卖", 0)]
    [InlineData("", "", 0)]
    [InlineData("茅台", "", 0)]
    public void Three_fifths_of_the_bigrams_count(string text, string other, double similarity)
    {
        var hits = new BigramIndex([text]).Find(other);

        Assert.Equal(similarity, hits.Select(hit => hit.Similarity).SingleOrDefault(), 1e-12);
    }

    [Theory]
    [InlineData("贵，不贵！", "贵不贵", 1)]
    [InlineData("ETF怎么买", "etf 怎么买？", 1)]
    public void Signs_and_case_do_not_hide_a_question(string question, string text, double similarity) =>
        Assert.Equal((0, similarity), Assert.Single(new QuestionIndex([question]).Find(text)));

    // By the definition, with sets of strings.
    static double Jaccard(string a, string b)
    {
        var (first, second) = (Set(a), Set(b));
        return first.Count + second.Count == 0 ? 0 : (double)first.Intersect(second).Count() / first.Union(second).Count();
    }

    static HashSet<string> Set(string text) =>
        text.Length == 1 ? [text] : [.. Enumerable.Range(0, Math.Max(0, text.Length - 1)).Select(i => text.Substring(i, 2))];
}
